#include "app/event_channel.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "event/canonical.h"

namespace mailvigil::app {

namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kReadBytes = 256 * 1024;

void append_length(std::string& out, std::size_t length) {
    for (unsigned shift = 0; shift < 8 * kLengthBytes; shift += 8) {
        out += static_cast<char>((length >> shift) & 0xFFU);
    }
}

std::size_t read_length(std::string_view bytes) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < kLengthBytes; ++i) {
        length |= static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    return length;
}

}  // namespace

Result<ChannelEnds> make_channel() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return fail(ErrorCode::unsupported,
                    fmt::format("cannot make a socket pair: {}", std::strerror(errno)));
    }
    return ChannelEnds{.sender = Fd(ends[0]), .receiver = Fd(ends[1])};
}

Result<void> EventSender::send(const EventBatch& batch) {
    bytes_.clear();
    for (const Event& event : batch.events()) {
        const std::size_t at = bytes_.size();
        bytes_.append(kLengthBytes, '\0');
        render_canonical(event, bytes_);
        const std::size_t length = bytes_.size() - at - kLengthBytes;
        if (length > kChannelEventBytesMax) {
            bytes_.resize(at);
            ++refused_;
            continue;
        }
        std::string prefix;
        append_length(prefix, length);
        bytes_.replace(at, kLengthBytes, prefix);
    }
    return write(bytes_);
}

Result<void> EventSender::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t done = ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (done < 0 && errno != EINTR) {
            return fail(ErrorCode::unwritable,
                        fmt::format("the other process is gone: {}", std::strerror(errno)));
        }
        bytes.remove_prefix(done < 0 ? 0 : static_cast<std::size_t>(done));
    }
    return {};
}

Result<EventReceiver::Next> EventReceiver::receive(EventBatch& batch) {
    TRY(take(batch));
    if (batch.empty() && !ended_) {
        TRY(fill());
        TRY(take(batch));
    }
    return !batch.empty() ? Next::events : ended_ ? Next::end : Next::wait;
}

Result<void> EventReceiver::fill() {
    bytes_.erase(0, taken_);
    taken_ = 0;
    const std::size_t had = bytes_.size();
    bytes_.resize(had + kReadBytes);
    const ssize_t done = ::recv(socket_.number(), bytes_.data() + had, kReadBytes, MSG_DONTWAIT);
    const int error = errno;
    bytes_.resize(had + (done > 0 ? static_cast<std::size_t>(done) : 0));
    ended_ = done == 0 || (done < 0 && error == ECONNRESET);
    if (done < 0 && error != EAGAIN && error != EINTR && error != ECONNRESET) {
        return fail(ErrorCode::unreadable,
                    fmt::format("cannot read from the sensors: {}", std::strerror(error)));
    }
    return {};
}

Result<void> EventReceiver::take(EventBatch& batch) {
    while (!batch.full()) {
        const std::string_view rest = std::string_view(bytes_).substr(taken_);
        if (rest.size() < kLengthBytes) {
            break;
        }
        const std::size_t length = read_length(rest);
        if (length > kChannelEventBytesMax) {
            return fail(ErrorCode::malformed,
                        fmt::format("the sensors sent an event of {} bytes", length));
        }
        if (rest.size() - kLengthBytes < length) {
            break;
        }
        TRY(decode_canonical(rest.substr(kLengthBytes, length), batch));
        taken_ += kLengthBytes + length;
    }
    return {};
}

}  // namespace mailvigil::app
