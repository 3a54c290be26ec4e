// The HTTP server for /, /metrics, /healthz and /readyz. It uses civetweb, which prometheus-cpp
// uses too.
//
// TLS is left to a proxy in front. A connection serves one request, so that nobody holds a thread
// by doing nothing. There are more threads than a page full of slow clients takes.
#pragma once

#include <civetweb.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <string>

#include "exporter/link.hpp"
#include "exporter/packed_text.hpp"
#include "exporter/reader.hpp"
#include "exporter/users.hpp"

namespace elile::exporter {

class Server {
public:
    Server(const Reader& reader, Users& users) : reader_(reader), users_(users) {}

    // Starts to listen. May be called only while the server is idle. Returns why it cannot listen,
    // or an empty text.
    std::string Listen(const std::string& address, int port);
    // Begins to stop and does not wait for the end, for civetweb takes seconds.
    void Stop();
    // Whether the server neither listens nor is about to stop.
    bool IsIdle();

    void ShowQueries(bool shows) { shows_queries_.store(shows, std::memory_order_relaxed); }

    // The counts since the process began.
    Logins CountLogins() const {
        return {logins_denied_.load(std::memory_order_relaxed),
                logins_refused_.load(std::memory_order_relaxed)};
    }

private:
    struct End {
        void operator()(mg_context* context) const { mg_stop(context); }
    };

    static int OnRequest(mg_connection* connection);
    static int OnError(mg_connection* connection, int status, const char* message);
    static int OnMessage(const mg_connection* connection, const char* message);
    void Serve(mg_connection& connection, std::string_view path);
    bool Admit(mg_connection& connection);
    void ServeHealth(mg_connection& connection) const;
    void ServeReadiness(mg_connection& connection) const;
    void ServePage(mg_connection& connection) const;
    void ServeMetrics(mg_connection& connection);
    std::shared_ptr<const PackedText> Metrics();

    const Reader& reader_;
    Users& users_;
    std::atomic<bool> shows_queries_ = false;
    std::atomic<std::uint64_t> logins_denied_ = 0;
    std::atomic<std::uint64_t> logins_refused_ = 0;

    // All who ask within a moment, or while it is being made, get the same text.
    std::mutex metrics_mutex_;
    std::shared_ptr<const PackedText> metrics_;
    std::chrono::steady_clock::time_point metrics_begun_;
    double scrape_seconds_ = 0;

    // What all series take while a page is made is taken once.
    mutable std::mutex page_mutex_;

    std::mutex message_mutex_;
    std::string last_message_;  // civetweb's
    std::unique_ptr<mg_context, End> context_;
    std::future<void> stopping_;
};

}  // namespace elile::exporter
