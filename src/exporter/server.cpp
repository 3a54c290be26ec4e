#include "exporter/server.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/collector.hpp"
#include "exporter/status_page.hpp"

namespace elile::exporter {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kText = "text/plain; charset=utf-8";

// An answer goes in parts, so that a client that takes it too slowly is given up.
class Answer {
public:
    explicit Answer(mg_connection& connection) : connection_(connection) {}

    // Returns whether a body is wanted.
    bool Begin(int status, const char* type, std::size_t bytes, const char* more_headers = "") {
        mg_printf(&connection_,
                  "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                  "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n%s"
                  "Connection: close\r\n\r\n",
                  status, mg_get_response_code_text(&connection_, status), type, bytes,
                  more_headers);
        const mg_request_info* request = mg_get_request_info(&connection_);
        return request == nullptr || request->request_method == nullptr ||
               std::string_view(request->request_method) != "HEAD";
    }
    // Returns false when the client is to have no more.
    bool Send(std::string_view body) {
        constexpr std::size_t kPart = 64 * 1024;
        while (!body.empty() && Clock::now() < deadline_) {
            const std::string_view part = body.substr(0, kPart);
            if (mg_write(&connection_, part.data(), part.size()) != static_cast<int>(part.size())) {
                return false;
            }
            body.remove_prefix(part.size());
        }
        return body.empty();
    }

private:
    static constexpr auto kLongest = std::chrono::seconds(10);
    mg_connection& connection_;
    Clock::time_point deadline_ = Clock::now() + kLongest;
};

void Send(mg_connection& connection, int status, const char* type, std::string_view body,
          const char* more_headers = "") {
    Answer answer(connection);
    if (answer.Begin(status, type, body.size(), more_headers)) {
        answer.Send(body);
    }
}

// civetweb closes after such an answer, and does not wait for the rest of the request.
void Refuse(mg_connection& connection, int status, const std::string& reason) {
    mg_disable_connection_keep_alive(&connection);
    Send(connection, status, kText, reason + "\n", status == 405 ? "Allow: GET, HEAD\r\n" : "");
}

// Returns a number that stands for the client. An IPv6 client has a whole /64 network, so that
// network has one number; so has each IPv4 address.
std::uint64_t SourceOf(const char* address) {
    in_addr four{};
    in6_addr six{};
    std::uint64_t source = 0;
    constexpr std::size_t kFour = sizeof(four);
    if (inet_pton(AF_INET, address, &four) == 1) {
        std::memcpy(&source, &four, kFour);
    } else if (inet_pton(AF_INET6, address, &six) == 1) {
        if (IN6_IS_ADDR_V4MAPPED(&six)) {
            std::memcpy(&source, six.s6_addr + sizeof(six) - kFour, kFour);
        } else {
            std::memcpy(&source, &six, sizeof(source));
        }
    }
    return source;
}

// Returns in the system's words why nobody can listen there; empty when one can.
std::string ProbeAddress(const std::string& address, int port) {
    sockaddr_in6 six{};
    sockaddr_in four{};
    six.sin6_family = AF_INET6;
    four.sin_family = AF_INET;
    six.sin6_port = four.sin_port = htons(static_cast<std::uint16_t>(port));
    const bool is_four = inet_pton(AF_INET, address.c_str(), &four.sin_addr) == 1;
    inet_pton(AF_INET6, address.c_str(), &six.sin6_addr);
    const int probe = socket(is_four ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0) {
        return std::strerror(errno);
    }
    const int on = 1;
    setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    const int result = is_four ? bind(probe, reinterpret_cast<sockaddr*>(&four), sizeof(four))
                               : bind(probe, reinterpret_cast<sockaddr*>(&six), sizeof(six));
    std::string reason;
    if (result != 0 || listen(probe, 1) != 0) {
        reason = std::strerror(errno);
    }
    close(probe);
    return reason;
}

// Writes the address as civetweb wants it. "::" stands for all IPv4 and IPv6 addresses.
std::string PortSpecification(const std::string& address, int port) {
    const std::string number = std::to_string(port);
    if (address == "::") {
        return "+" + number;
    }
    return address.find(':') != std::string::npos ? "[" + address + "]:" + number
                                                  : address + ":" + number;
}

}  // namespace

std::string Server::Listen(const std::string& address, int port) {
    const std::pair<const char*, std::string> options[] = {
        {"listening_ports", PortSpecification(address, port)},
        {"num_threads", "48"},
        {"request_timeout_ms", "2000"},
        {"max_request_size", "16384"},
        {"enable_keep_alive", "no"},
        {"listen_backlog", "128"}};
    std::vector<const char*> flat;
    for (const auto& [name, value] : options) {
        flat.insert(flat.end(), {name, value.c_str()});
    }
    flat.push_back(nullptr);
    mg_callbacks callbacks{};
    callbacks.begin_request = OnRequest;
    callbacks.http_error = OnError;
    callbacks.log_message = OnMessage;
    std::string reason = ProbeAddress(address, port);
    if (!reason.empty()) {
        return reason;
    }
    context_.reset(mg_start(&callbacks, this, flat.data()));
    const std::lock_guard lock(message_mutex_);
    return context_ != nullptr ? std::string() : "civetweb did not start: " + last_message_;
}

void Server::Stop() {
    if (context_ != nullptr) {
        stopping_ = std::async(std::launch::async, mg_stop, context_.release());
    }
}

bool Server::IsIdle() {
    const bool is_stopping = stopping_.valid() && stopping_.wait_for(std::chrono::seconds(0)) !=
                                                      std::future_status::ready;
    return context_ == nullptr && !is_stopping;
}

int Server::OnMessage(const mg_connection* connection, const char* message) {
    auto* server = static_cast<Server*>(mg_get_user_data(mg_get_context(connection)));
    if (server != nullptr) {
        const std::lock_guard lock(server->message_mutex_);
        server->last_message_ = message;
    }
    return 1;
}

// Answers what civetweb refuses. Its own answer repeats the request's version, with any header
// that somebody put there.
int Server::OnError(mg_connection* connection, int status, const char* /*message*/) {
    constexpr int kAnswered = 0;
    Refuse(*connection, status, mg_get_response_code_text(connection, status));
    return kAnswered;
}

int Server::OnRequest(mg_connection* connection) {
    constexpr int kServed = 1;
    auto& server = *static_cast<Server*>(mg_get_user_data(mg_get_context(connection)));
    const mg_request_info& request = *mg_get_request_info(connection);
    const std::string_view method = request.request_method;
    const bool is_read = method == "GET" || method == "HEAD";
    // A request with a body is refused here. civetweb would read the body to its end before it
    // closes, however slowly that comes.
    if (!is_read || request.content_length > 0 ||
        mg_get_header(connection, "Transfer-Encoding") != nullptr) {
        Refuse(*connection, is_read ? 400 : 405, "only GET and HEAD without a body are served");
        return kServed;
    }
    try {
        server.Serve(*connection, request.local_uri != nullptr ? request.local_uri : "");
    } catch (const std::exception& error) {
        Send(*connection, 500, kText, std::string(error.what()) + "\n");
    }
    return kServed;
}

void Server::Serve(mg_connection& connection, std::string_view path) {
    if (path == "/healthz") {
        ServeHealth(connection);
    } else if (path == "/readyz") {
        ServeReadiness(connection);
    } else if (path == "/metrics") {
        if (Admit(connection)) {
            ServeMetrics(connection);
        }
    } else if (path == "/") {
        if (Admit(connection)) {
            ServePage(connection);
        }
    } else {
        Send(connection, 404, kText, "there are /, /metrics, /healthz and /readyz\n");
    }
}

// Returns whether the client may read. When not, it has sent the answer.
bool Server::Admit(mg_connection& connection) {
    const char* header = mg_get_header(&connection, "Authorization");
    const std::uint64_t source = SourceOf(mg_get_request_info(&connection)->remote_addr);
    switch (users_.Check(header != nullptr ? header : "", source)) {
        case Users::Access::kGranted:
            return true;
        case Users::Access::kTooMany:
            logins_refused_.fetch_add(1, std::memory_order_relaxed);
            Send(connection, 429, kText,
                 "too many passwords are being checked; come again in a second\n",
                 "Retry-After: 1\r\n");
            return false;
        case Users::Access::kDenied:
            if (header != nullptr) {
                logins_denied_.fetch_add(1, std::memory_order_relaxed);
            }
            Send(connection, 401, kText, "a user and password of metrics_auth_file are needed\n",
                 "WWW-Authenticate: Basic realm=\"elile_optimize\", charset=\"UTF-8\"\r\n");
            return false;
        case Users::Access::kNoUsableFile:
            break;
    }
    Send(connection, 503, kText, "metrics_auth_file is not usable; the server log says why\n");
    return false;
}

void Server::ServeHealth(mg_connection& connection) const {
    const Model model = reader_.ReadHealth();
    Send(connection, model.health == Health::kOk ? 200 : 503, kText, DescribeHealth(model) + "\n");
}

void Server::ServeReadiness(mg_connection& connection) const {
    const Model model = reader_.ReadHealth();
    const bool is_ready = model.health == Health::kOk || model.health == Health::kStale;
    Send(connection, is_ready ? 200 : 503, kText,
         (is_ready ? "ready" : DescribeHealth(model)) + "\n");
}

void Server::ServeMetrics(mg_connection& connection) {
    constexpr const char* kType = "text/plain; version=0.0.4; charset=utf-8";
    constexpr const char* kVary = "Vary: Accept-Encoding\r\n";
    constexpr const char* kPacked = "Vary: Accept-Encoding\r\nContent-Encoding: gzip\r\n";
    const char* accepted = mg_get_header(&connection, "Accept-Encoding");
    const std::shared_ptr<const PackedText> text = Metrics();
    Answer answer(connection);
    if (AcceptsGzip(accepted != nullptr ? accepted : "")) {
        if (answer.Begin(200, kType, text->gzip.size(), kPacked)) {
            answer.Send(text->gzip);
        }
    } else if (answer.Begin(200, kType, text->bytes, kVary)) {
        text->Unpack([&](std::string_view part) { return answer.Send(part); });
    }
}

void Server::ServePage(mg_connection& connection) const {
    const bool shows_queries =
        users_.AreRequired() || shows_queries_.load(std::memory_order_relaxed);
    std::string page;
    {
        const std::lock_guard lock(page_mutex_);
        page = RenderStatusPage(reader_.Read(), {shows_queries});
    }
    Send(connection, 200, "text/html; charset=utf-8", page,
         "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
         "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
         "Referrer-Policy: no-referrer\r\n");
}

std::shared_ptr<const PackedText> Server::Metrics() {
    constexpr auto kMoment = std::chrono::milliseconds(250);
    const auto asked = Clock::now();
    const std::lock_guard lock(metrics_mutex_);
    if (metrics_ != nullptr && metrics_begun_ + kMoment > asked) {
        return metrics_;
    }
    const auto begin = Clock::now();
    TextPacker packer;
    Collect(reader_.Read(), scrape_seconds_, [&](std::string_view part) { packer.Append(part); });
    metrics_ = std::make_shared<const PackedText>(packer.Finish());
    metrics_begun_ = begin;
    scrape_seconds_ = std::chrono::duration<double>(Clock::now() - begin).count();
    return metrics_;
}

}  // namespace elile::exporter
