#include "exporter/link.hpp"

#include <sys/socket.h>

#include <array>
#include <cstdlib>

#include "core/exporter_link.hpp"

namespace elile::exporter {
namespace {

std::string_view NextField(std::string_view& text) {
    const std::size_t end = text.find('\n');
    const std::string_view field = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return field;
}

}  // namespace

Link::Event Link::Receive(Configuration* configuration) const {
    std::array<char, core::kMostConfiguration> message;
    const ssize_t length = recv(descriptor_, message.data(), message.size(), MSG_DONTWAIT);
    if (length == 0) {
        return Event::kEnd;
    }
    if (length < 0 || message[0] != core::kConfigure) {
        return Event::kNone;
    }
    std::string_view text(message.data() + 1, static_cast<std::size_t>(length) - 1);
    configuration->port = std::atoi(std::string(NextField(text)).c_str());
    configuration->address = NextField(text);
    configuration->auth_file = NextField(text);
    configuration->shows_queries = NextField(text) == "1";
    return Event::kConfiguration;
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

void Link::Warn(std::string_view line) const { Send(core::kWarning, line); }

void Link::Note(std::string_view line) const { Send(core::kNotice, line); }

}  // namespace elile::exporter
