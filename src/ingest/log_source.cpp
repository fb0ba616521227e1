#include "ingest/log_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "ingest/byte_stream.h"

namespace mailvigil::ingest {

namespace {

constexpr std::size_t kHeadBytes = 64 * 1024;

/// A few stored bytes that were read to learn the format, then the rest.
class Replayed final : public ByteStream {
  public:
    Replayed(std::string first, ByteStream& rest) : first_(std::move(first)), rest_(rest) {}

    Result<std::size_t> read(std::span<char> into) override {
        if (given_ == first_.size()) {
            return rest_.read(into);
        }
        const std::size_t size = std::min(into.size(), first_.size() - given_);
        std::memcpy(into.data(), first_.data() + given_, size);
        given_ += size;
        return size;
    }

  private:
    std::string first_;
    ByteStream& rest_;
    std::size_t given_ = 0;
};

Result<Fd> open_file(const std::string& path) {
    if (path == "-") {
        return Fd(::dup(STDIN_FILENO));
    }
    const int number = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (number < 0) {
        const bool denied = errno == EACCES || errno == EPERM;
        return fail(ErrorCode::unreadable,
                    fmt::format("cannot read {}: {}{}",
                                path,
                                std::strerror(errno),
                                denied ? "; run as root or as a member of group adm" : ""));
    }
    Fd fd(number);
    struct stat status{};
    if (::fstat(number, &status) == 0 && S_ISDIR(status.st_mode)) {
        return fail(
            ErrorCode::unreadable,
            fmt::format("cannot read {}: it is a directory; name the log files in it", path));
    }
    return fd;
}

}  // namespace

struct LogSource::State {
    State(std::string new_name, Fd fd, Growth new_growth, Hashing hashing)
        : name(std::move(new_name)), growth(new_growth), file(std::move(fd), hashing) {}

    std::string name;
    Growth growth;
    FileBytes file;
    std::unique_ptr<Replayed> replayed;
    std::unique_ptr<ByteStream> unpacked;
    ByteStream* bytes = nullptr;

    std::vector<char> buffer = std::vector<char>(kReadBytes * 2);
    std::size_t start = 0;  ///< of what has not been given yet
    std::size_t end = 0;    ///< of what was read
    std::uint64_t line = 1;
    bool first = true;  ///< nothing was given since `line` was set
    bool ended = false;

    Result<std::size_t> fill();
    Next wait_or_follow(Chunk& chunk, Diagnostics& diagnostics);
    Next give(std::size_t size, Chunk& chunk);
};

LogSource::LogSource(std::unique_ptr<State> state) : state_(std::move(state)) {}

LogSource::LogSource(LogSource&&) noexcept = default;
LogSource& LogSource::operator=(LogSource&&) noexcept = default;
LogSource::~LogSource() = default;

Result<LogSource> LogSource::open(const std::string& path, Growth growth, Hashing hashing) {
    Fd fd = TRY(open_file(path));
    auto state = std::make_unique<State>(
        path == "-" ? "standard input" : path, std::move(fd), growth, hashing);
    std::string magic(4, '\0');
    std::size_t have = 0;
    while (have < magic.size()) {
        auto size = state->file.read(std::span(magic).subspan(have));
        if (!size) {
            return fail(ErrorCode::unreadable,
                        fmt::format("cannot read {}: {}", path, size.error().message));
        }
        if (*size == 0) {
            break;
        }
        have += *size;
    }
    magic.resize(have);
    state->replayed = std::make_unique<Replayed>(magic, state->file);
    state->bytes = state->replayed.get();
    if (magic.starts_with("\x1f\x8b")) {
        state->unpacked = open_gzip(*state->replayed);
    } else if (magic == "\x28\xb5\x2f\xfd") {
        state->unpacked = open_zstd(*state->replayed);
    }
    if (state->unpacked != nullptr) {
        state->bytes = state->unpacked.get();
        state->growth = Growth::finished;
    }
    LogSource source(std::move(state));
    // Enough to tell the format by, past lines that are damaged; but a pipe may bring no more than
    // a line for hours. A failure here is met again, and told, by next().
    const bool pipe = source.bytes_total() == 0;
    while (source.head().size() < kHeadBytes && !(pipe && source.head().contains('\n'))) {
        const auto size = source.state_->fill();
        if (!size || *size == 0) {
            break;
        }
    }
    return source;
}

/// Reads more behind what is there; 0 at the end.
Result<std::size_t> LogSource::State::fill() {
    if (start > 0) {
        std::memmove(buffer.data(), buffer.data() + start, end - start);
        end -= start;
        start = 0;
    }
    if (end + kReadBytes > buffer.size()) {
        buffer.resize(end + kReadBytes);
    }
    const std::size_t size = TRY(bytes->read(std::span(buffer).subspan(end, kReadBytes)));
    end += size;
    return size;
}

LogSource::Next LogSource::State::give(std::size_t size, Chunk& chunk) {
    chunk.text = {buffer.data() + start, size};
    chunk.source = name;
    if (!first) {
        line = chunk.line;
    }
    first = false;
    chunk.line = line;
    start += size;
    return Next::chunk;
}

LogSource::Next LogSource::State::wait_or_follow(Chunk& chunk, Diagnostics& diagnostics) {
    struct stat now{};
    struct stat named{};
    if (::fstat(file.number(), &now) != 0) {
        return Next::wait;
    }
    if (static_cast<std::uint64_t>(now.st_size) < file.position()) {
        diagnostics.add({Severity::warning,
                         name,
                         line,
                         0,
                         "the file was truncated; reading it again from its start"});
        file.rewind();
        start = end = 0;
        line = 1;
        first = true;
        return Next::wait;
    }
    const bool rotated = ::stat(name.c_str(), &named) == 0 &&
                         (named.st_ino != now.st_ino || named.st_dev != now.st_dev);
    if (rotated) {
        // What was written between the last look and the rotation; then a line that was cut.
        if (const auto size = fill(); size && *size != 0) {
            return Next::wait;
        }
        if (start != end) {
            return give(end - start, chunk);
        }
        if (auto fresh = open_file(name)) {
            file.replace(std::move(*fresh));
            line = 1;
            first = true;
        }
    }
    return Next::wait;
}

LogSource::Next LogSource::next(Chunk& chunk, Diagnostics& diagnostics) {
    State& state = *state_;
    for (;;) {
        const std::string_view have(state.buffer.data() + state.start, state.end - state.start);
        const std::size_t last = have.rfind('\n');
        if (last != std::string_view::npos) {
            return state.give(last + 1, chunk);
        }
        if (state.ended || have.size() > kLineBytesMax) {
            return have.empty() ? Next::end : state.give(have.size(), chunk);
        }
        const auto size = state.fill();
        if (!size && size.error().code == ErrorCode::interrupted) {
            return Next::wait;
        }
        if (!size) {
            diagnostics.add({Severity::error,
                             state.name,
                             0,
                             0,
                             fmt::format("cannot read on: {}; what was read before is used",
                                         size.error().message)});
            state.ended = true;
        } else if (*size == 0) {
            if (state.growth == Growth::growing) {
                return state.wait_or_follow(chunk, diagnostics);
            }
            state.ended = true;
        }
    }
}

std::string_view LogSource::head() const {
    return {state_->buffer.data() + state_->start,
            std::min(kHeadBytes, state_->end - state_->start)};
}

const std::string& LogSource::name() const {
    return state_->name;
}

std::uint64_t LogSource::bytes_read() const {
    return state_->file.position();
}

std::optional<Sha256> LogSource::take_hash() {
    return state_->file.take_hash();
}

void LogSource::skip_to_end() {
    std::vector<char> bytes(kReadBytes);
    for (;;) {
        const auto size = state_->file.read(bytes);
        if (size ? *size == 0 : size.error().code != ErrorCode::interrupted) {
            return;
        }
    }
}

std::uint64_t LogSource::bytes_total() const {
    struct stat status{};
    const bool known = ::fstat(state_->file.number(), &status) == 0 && S_ISREG(status.st_mode);
    return known ? static_cast<std::uint64_t>(status.st_size) : 0;
}

}  // namespace mailvigil::ingest
