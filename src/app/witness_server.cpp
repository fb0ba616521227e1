// One of the two users of cpp-httplib; it throws in places, which ends here.
#include "app/witness_server.h"

#include <fmt/format.h>
#include <httplib.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

#include "base/escape.h"
#include "base/fd.h"

namespace mailvigil::app {

namespace {

constexpr int kIdleSeconds = 2;
constexpr std::size_t kRequestsPerConnection = 100;
/// The largest body, and more than enough for the lines before it.
constexpr std::size_t kRequestBytesMax = evidence::kWitnessBodyBytesMax + 65'536;
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

/// One request on a connection. The library's own timeouts begin anew with each byte, so that one
/// who sends slowly enough would keep a thread for hours.
class TimedStream final : public httplib::Stream {
  public:
    using Clock = std::chrono::steady_clock;

    TimedStream(int socket, Clock::time_point deadline) : socket_(socket), deadline_(deadline) {}

    [[nodiscard]] bool is_readable() const override { return held() > 0 || wait_for(POLLIN); }

    [[nodiscard]] bool is_writable() const override { return wait_for(POLLOUT); }

    ssize_t read(char* into, size_t size) override {
        if (held() == 0) {
            const ssize_t got = receive();
            if (got <= 0) {
                return got;
            }
        }
        const std::size_t given = std::min(size, held());
        std::copy_n(buffer_.data() + begin_, given, into);
        begin_ += given;
        return static_cast<ssize_t>(given);
    }

    ssize_t write(const char* bytes, size_t size) override {
        return wait_for(POLLOUT) ? ::send(socket_, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT) : -1;
    }

    // Whose request it is does not matter: what it says is signed.
    void get_remote_ip_and_port(std::string& ip, int& port) const override { nowhere(ip, port); }

    void get_local_ip_and_port(std::string& ip, int& port) const override { nowhere(ip, port); }

    [[nodiscard]] socket_t socket() const override { return socket_; }

    /// The next request of the connection; what was received of it already counts.
    void begin_request(Clock::time_point deadline) {
        deadline_ = deadline;
        received_ = held();
    }

  private:
    static void nowhere(std::string& ip, int& port) {
        ip.clear();
        port = 0;
    }

    [[nodiscard]] std::size_t held() const { return end_ - begin_; }

    [[nodiscard]] bool wait_for(short event) const {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now());
        pollfd asked{.fd = socket_, .events = event, .revents = 0};
        return left.count() > 0 && ::poll(&asked, 1, static_cast<int>(left.count())) > 0;
    }

    ssize_t receive() {
        if (received_ >= kRequestBytesMax || !wait_for(POLLIN)) {
            return -1;
        }
        const ssize_t got = ::recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
        begin_ = 0;
        end_ = static_cast<std::size_t>(std::max<ssize_t>(got, 0));
        received_ += end_;
        return got;
    }

    int socket_;
    Clock::time_point deadline_;
    std::array<char, 4096> buffer_{};
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t received_ = 0;  ///< of this request
};

/// Set while the accepting thread turns a connection away.
thread_local bool is_refusing = false;

/// A pool of threads that lets only so many connections wait.
class BoundedPool final : public httplib::TaskQueue {
  public:
    BoundedPool(unsigned threads, std::size_t waiting_max)
        : pool_(threads), waiting_max_(waiting_max) {}

    void enqueue(std::function<void()> serve) override {
        if (waiting_ >= waiting_max_) {
            is_refusing = true;
            serve();
            is_refusing = false;
            return;
        }
        ++waiting_;
        pool_.enqueue([this, serve = std::move(serve)] {
            --waiting_;
            serve();
        });
    }

    void shutdown() override { pool_.shutdown(); }

  private:
    httplib::ThreadPool pool_;
    std::size_t waiting_max_;
    std::atomic<std::size_t> waiting_ = 0;
};

/// The library's server with a limit to how long a request may take as a whole.
class TimedServer final : public httplib::Server {
  public:
    std::chrono::seconds timeout{5};

  private:
    bool process_and_close_socket(socket_t socket) override {
        const Fd closing(socket);
        if (is_refusing) {
            constexpr std::string_view kBusy =
                "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
                "Content-Length: 0\r\n\r\n";
            ::send(socket, kBusy.data(), kBusy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            return false;
        }
        TimedStream stream(socket, TimedStream::Clock::now() + timeout);
        for (std::size_t left = kRequestsPerConnection; left > 0 && svr_sock_ >= 0; --left) {
            bool closed = false;
            if (!process_request(stream, left == 1, closed, nullptr) || closed) {
                break;
            }
            stream.begin_request(TimedStream::Clock::now() + std::chrono::seconds(kIdleSeconds));
            if (!stream.is_readable()) {
                break;
            }
            stream.begin_request(TimedStream::Clock::now() + timeout);
        }
        ::shutdown(socket, SHUT_RDWR);
        return true;
    }
};

}  // namespace

struct WitnessServer::State {
    evidence::Witness& witness;
    std::mutex mutex;  ///< of the witness
    TimedServer http;
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
    http.timeout = options.timeout;
    http.new_task_queue = [threads = options.threads, queue_max = options.queue_max] {
        return new BoundedPool(threads, queue_max);
    };
    // The library's default, SO_REUSEPORT, would let two witnesses share one port unnoticed.
    http.set_socket_options([](socket_t socket) {
        const int yes = 1;
        ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
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
