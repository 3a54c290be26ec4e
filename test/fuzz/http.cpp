#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "exporter/reader.hpp"
#include "exporter/segment_view.hpp"
#include "exporter/server.hpp"
#include "exporter/users.hpp"
#include "fuzz/sample.hpp"
#include "fuzz/targets.hpp"

namespace elile::fuzz {
namespace {

// alice:secret; the file has the password's hash, as MD5 makes it, which is quick. That of DES
// takes other passwords too.
constexpr const char* kUsers = "alice:$1$ab$dslkcXxVH.x8LwW1W/oAB/\n";
constexpr std::string_view kRight = "YWxpY2U6c2VjcmV0";

class Serving {
public:
    Serving() : view_(segment_.Descriptor()), reader_(view_), server_(reader_, users_) {
        exporter::UsersFile file;
        file.path = "users";
        file.content.Take(FileOf(kUsers));
        Require(users_.Take(file).empty(), "the file of users is sound");
        constexpr int kTries = 100;
        std::string reason = "not tried";
        for (int at = 0; at < kTries && !reason.empty(); ++at) {
            port_ = 20000 + (getpid() + 37 * at) % 12000;
            reason = server_.Listen("127.0.0.1", port_);
        }
        Require(reason.empty(), "the server listens");
    }

    // Each client has another address, so that no pair of ports is used again too soon.
    int Connect() {
        const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in own{};
        own.sin_family = AF_INET;
        own.sin_addr.s_addr = htonl(0x7f000000 | (1 + ++clients_ % 0xfffffd));
        sockaddr_in server{};
        server.sin_family = AF_INET;
        server.sin_port = htons(static_cast<std::uint16_t>(port_));
        server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        Require(bind(client, reinterpret_cast<sockaddr*>(&own), sizeof(own)) == 0 &&
                    connect(client, reinterpret_cast<sockaddr*>(&server), sizeof(server)) == 0,
                "the server can be reached");
        const timeval longest{20, 0};
        setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof(longest));
        return client;
    }

private:
    SampleSegment segment_;
    exporter::SegmentView view_;
    exporter::Reader reader_;
    exporter::Users users_;
    exporter::Server server_;
    int port_ = 0;
    std::uint32_t clients_ = 0;
};

std::string Ask(int client, std::string_view request) {
    // A server that answers before the end may have closed by then.
    static_cast<void>(send(client, request.data(), request.size(), MSG_NOSIGNAL));
    shutdown(client, SHUT_WR);
    std::string answer;
    char part[16384];
    ssize_t got = 0;
    while ((got = recv(client, part, sizeof(part), 0)) > 0) {
        answer.append(part, static_cast<std::size_t>(got));
    }
    Require(got == 0 || errno != EAGAIN, "each request has its end");
    return answer;
}

void RequireAnswer(std::string_view request, const std::string& answer) {
    if (answer.empty()) {
        return;  // what was no request
    }
    const std::size_t space = answer.find(' ');
    Require(answer.starts_with("HTTP/1.1") && space != std::string::npos, "an answer has a status");
    const std::string_view status = std::string_view(answer).substr(space + 1, 3);
    const std::size_t end = answer.find("\r\n\r\n");
    Require(end != std::string::npos, "an answer's headers end");
    const std::string_view body = std::string_view(answer).substr(end + 4);
    const bool is_secret = body.starts_with("# HELP elile_") ||
                           body.starts_with("<!DOCTYPE html>") ||
                           answer.find("\r\nContent-Encoding: gzip\r\n") < end;
    Require(!is_secret || (status == "200" && request.find(kRight) != std::string_view::npos),
            "who has no password gets neither metrics nor page");
    Require(!answer.starts_with("HTTP/1.1 500"), "no request is an error of the server's");
}

}  // namespace

void TakeRequest(Input input) {
    static auto& serving = *new Serving;
    const int client = serving.Connect();
    const std::string answer = Ask(client, input.Rest());
    close(client);
    RequireAnswer(input.Rest(), answer);
}

}  // namespace elile::fuzz
