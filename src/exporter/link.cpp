#include "exporter/link.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "core/snapshot/exporter_link.hpp"

namespace elile::exporter {
namespace {

std::string_view NextField(std::string_view& text) {
    const std::size_t end = text.find('\n');
    const std::string_view field = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return field;
}

// Receives as recv() does, and also takes the descriptors that came along. It keeps the last of
// them and closes the others.
ssize_t ReceiveWith(int link, char* room, std::size_t most, OwnedDescriptor* descriptor) {
    constexpr std::size_t kMostDescriptors = 4;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostDescriptors * sizeof(int))> control;
    iovec part{room, most};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t length = recvmsg(link, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    const cmsghdr* header = length > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
    if (header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t at = 0; at < count; ++at) {
            int one = -1;
            std::memcpy(&one, CMSG_DATA(header) + at * sizeof(int), sizeof(one));
            descriptor->Take(one);
        }
    }
    return length;
}

}  // namespace

OwnedDescriptor::~OwnedDescriptor() { Take(-1); }

void OwnedDescriptor::Take(int descriptor) {
    if (descriptor_ >= 0) {
        close(descriptor_);
    }
    descriptor_ = descriptor;
}

Link::Event Link::Receive(Configuration* configuration, UsersFile* users) const {
    std::array<char, core::kMostConfiguration> message;
    const ssize_t length =
        ReceiveWith(descriptor_, message.data(), message.size(), &users->content);
    if (length == 0) {
        return Event::kEnd;
    }
    if (length < 0) {
        return Event::kNone;
    }
    std::string_view text(message.data() + 1, static_cast<std::size_t>(length) - 1);
    switch (message[0]) {
        case core::kConfigure:
            configuration->port = std::atoi(std::string(NextField(text)).c_str());
            configuration->address = NextField(text);
            configuration->shows_queries = NextField(text) == "1";
            return Event::kConfiguration;
        case core::kUsers:
            users->path = NextField(text);
            users->error = std::atoi(std::string(NextField(text)).c_str());
            return Event::kUsers;
        default:
            return Event::kNone;
    }
}

void Link::Send(char kind, std::string_view text) const {
    std::string message(1, kind);
    message += text.substr(0, core::kMostReport - 1);
    const ssize_t sent =
        send(descriptor_, message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    static_cast<void>(sent);
}

void Link::SayAlive(const Logins& logins) const {
    Send(core::kAlive,
         std::to_string(logins.denied) + '\n' + std::to_string(logins.refused) + '\n');
}

void Link::SayState(std::string_view state, std::string_view address) const {
    Send(core::kState, std::string(state) + '\n' + std::string(address) + '\n');
}

void Link::Warn(std::string_view line, std::string_view hint) const {
    Send(core::kWarning,
         hint.empty() ? std::string(line) : std::string(line) + '\n' + std::string(hint) + '\n');
}

void Link::Note(std::string_view line) const { Send(core::kNotice, line); }

void Link::SayCannotServe(std::string_view why, int error) const {
    Send(core::kCannotServe, std::string(why) + '\n' + std::to_string(error) + '\n');
}

}  // namespace elile::exporter
