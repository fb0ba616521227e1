// One of the two users of cpp-httplib; it throws in places, which ends here.
#include "app/witness_server.h"

#include <fmt/format.h>
#include <httplib.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

#include "base/escape.h"

namespace mailvigil::app {

namespace {

constexpr auto kTimeout = std::chrono::seconds(5);
constexpr int kIdleSeconds = 2;
constexpr std::size_t kRequestsPerConnection = 100;
constexpr int kNotFound = 404;
constexpr int kTooLarge = 413;
constexpr int kFailed = 500;

/// The regular expression that matches `text` and nothing else: cpp-httplib routes by those.
std::string literal(std::string_view text) {
    std::string pattern;
    for (const char c : text) {
        if (std::string_view(".^$|()[]{}*+?\\").contains(c)) {
            pattern += '\\';
        }
        pattern += c;
    }
    return pattern;
}

std::unexpected<Error> cannot_listen(const WitnessServerOptions& options, std::string_view why) {
    return fail(ErrorCode::unwritable,
                fmt::format("cannot listen on {}:{}: {}",
                            escape_for_terminal(options.address),
                            options.port,
                            escape_for_terminal(why)));
}

}  // namespace

struct WitnessServer::State {
    evidence::Witness& witness;
    std::mutex mutex;  ///< of the witness
    httplib::Server http;
    std::uint16_t port = 0;
    std::atomic<bool> ended = false;
    std::thread thread;

    explicit State(evidence::Witness& with) : witness(with) {}

    void add_checkpoint(httplib::Response& response, const httplib::ContentReader& content);
    void newest(const httplib::Request& request, httplib::Response& response);
    void configure(const WitnessServerOptions& options);
};

void WitnessServer::State::add_checkpoint(httplib::Response& response,
                                          const httplib::ContentReader& content) {
    // The library's own limit knows only bodies that announce their length.
    std::string body;
    bool fits = true;
    const bool read = content([&](const char* bytes, std::size_t count) {
        fits = body.size() + count <= evidence::kWitnessBodyBytesMax;
        if (fits) {
            body.append(bytes, count);
        }
        return fits;
    });
    if (!read || !fits) {
        response.status = kTooLarge;
        return;
    }
    const std::lock_guard lock(mutex);
    evidence::WitnessResponse answer =
        witness.add_checkpoint(body, std::chrono::system_clock::now());
    response.status = answer.status;
    response.set_content(std::move(answer.body), answer.content_type);
}

void WitnessServer::State::newest(const httplib::Request& request, httplib::Response& response) {
    const std::lock_guard lock(mutex);
    auto checkpoint = witness.newest(request.matches[1].str());
    if (!checkpoint) {
        response.status = kNotFound;
        return;
    }
    response.set_content(std::move(*checkpoint), "text/plain; charset=utf-8");
}

void WitnessServer::State::configure(const WitnessServerOptions& options) {
    const unsigned threads = options.threads;
    http.new_task_queue = [threads] { return new httplib::ThreadPool(threads); };
    http.set_read_timeout(kTimeout);
    http.set_write_timeout(kTimeout);
    http.set_keep_alive_timeout(kIdleSeconds);
    http.set_keep_alive_max_count(kRequestsPerConnection);
    http.set_payload_max_length(evidence::kWitnessBodyBytesMax);
    http.set_exception_handler(
        [](const httplib::Request& /*request*/,
           httplib::Response& response,
           const std::exception_ptr& /*thrown*/) { response.status = kFailed; });
    const std::string prefix = literal(options.prefix);
    http.Post(prefix + "/add-checkpoint",
              [this](const httplib::Request& /*request*/,
                     httplib::Response& response,
                     const httplib::ContentReader& content) { add_checkpoint(response, content); });
    http.Get(prefix + "/([0-9a-f]{64})/checkpoint",
             [this](const httplib::Request& request, httplib::Response& response) {
                 newest(request, response);
             });
}

Result<std::unique_ptr<WitnessServer>> WitnessServer::start(evidence::Witness& witness,
                                                            const WitnessServerOptions& options) {
    try {
        auto state = std::make_unique<State>(witness);
        state->configure(options);
        const int port = options.port == 0
                             ? state->http.bind_to_any_port(options.address)
                             : (state->http.bind_to_port(options.address, options.port)
                                    ? static_cast<int>(options.port)
                                    : -1);
        if (port <= 0) {
            return cannot_listen(options, "no such address here, or it is in use");
        }
        state->port = static_cast<std::uint16_t>(port);
        State& serving = *state;
        state->thread = std::thread([&serving] {
            try {
                serving.http.listen_after_bind();
            } catch (const std::exception&) {
                // The accepting loop is over; what start() or its caller sees is `ended`.
            }
            serving.ended = true;
        });
        std::unique_ptr<WitnessServer> server(new WitnessServer(std::move(state)));
        // Before it runs, stop() would have no effect.
        while (!serving.http.is_running() && !serving.ended) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        if (serving.ended) {
            return cannot_listen(options, "the socket takes no connections");
        }
        return server;
    } catch (const std::exception& thrown) {
        return cannot_listen(options, thrown.what());
    }
}

WitnessServer::WitnessServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

std::uint16_t WitnessServer::port() const {
    return state_->port;
}

WitnessServer::~WitnessServer() {
    state_->http.stop();
    if (state_->thread.joinable()) {
        state_->thread.join();
    }
}

}  // namespace mailvigil::app
