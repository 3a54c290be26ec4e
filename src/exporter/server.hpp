// The HTTP server: /, /metrics, /healthz and /readyz, by civetweb, which prometheus-cpp serves
// with.
//
// TLS is left to a proxy in front. A connection serves one request, so that nobody holds a thread
// by doing nothing; there are more threads than a page full of slow clients takes.
#pragma once

#include <civetweb.h>

#include <atomic>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <string>

#include "exporter/link.hpp"
#include "exporter/reader.hpp"
#include "exporter/users.hpp"

namespace elile::exporter {

class Server {
public:
    Server(const Reader& reader, Users& users) : reader_(reader), users_(users) {}

    // Listens there. Only while it is idle. Returns what went wrong, or nothing.
    std::string Listen(const std::string& address, int port);
    // Begins to stop, which takes civetweb seconds.
    void Stop();
    // Neither listening nor about to stop.
    bool IsIdle();

    void ShowQueries(bool shows) { shows_queries_.store(shows, std::memory_order_relaxed); }

    // Since the process began.
    Logins CountLogins() const {
        return {logins_denied_.load(std::memory_order_relaxed),
                logins_refused_.load(std::memory_order_relaxed)};
    }

private:
    struct End {
        void operator()(mg_context* context) const { mg_stop(context); }
    };

    static int OnRequest(mg_connection* connection);
    static int OnMessage(const mg_connection* connection, const char* message);
    void Serve(mg_connection& connection, std::string_view path);
    bool Admit(mg_connection& connection);
    void ServeHealth(mg_connection& connection) const;
    void ServeReadiness(mg_connection& connection) const;
    void ServePage(mg_connection& connection) const;
    std::shared_ptr<const std::string> Metrics();

    const Reader& reader_;
    Users& users_;
    std::atomic<bool> shows_queries_ = false;
    std::atomic<std::uint64_t> logins_denied_ = 0;
    std::atomic<std::uint64_t> logins_refused_ = 0;

    // One text for all who ask within a moment: it is megabytes.
    std::mutex metrics_mutex_;
    std::shared_ptr<const std::string> metrics_;
    std::uint64_t metrics_at_ns_ = 0;
    double scrape_seconds_ = 0;

    std::mutex message_mutex_;
    std::string last_message_;  // of civetweb
    std::unique_ptr<mg_context, End> context_;
    std::future<void> stopping_;
};

}  // namespace elile::exporter
