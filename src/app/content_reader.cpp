#include "app/content_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/base64.h"
#include "base/fd.h"
#include "base/sha256.h"

namespace mailvigil::app {

namespace {

Timestamp time_of(const timespec& time) {
    return Timestamp(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

/// The name that the kernel knows the open file by, whatever links led to it; empty: none.
std::string true_path(int fd) {
    std::string path(4096, '\0');
    const ssize_t size =
        ::readlink(fmt::format("/proc/self/fd/{}", fd).c_str(), path.data(), path.size());
    path.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return path;
}

Result<std::string> read_all(int fd, const std::string& path) {
    std::string bytes(kContentBytesMax + 1, '\0');
    std::size_t filled = 0;
    while (filled < bytes.size()) {
        const ssize_t got = ::read(fd, bytes.data() + filled, bytes.size() - filled);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return fail(ErrorCode::unreadable, fmt::format("{}: {}", path, std::strerror(errno)));
        }
        if (got == 0) {
            break;
        }
        filled += static_cast<std::size_t>(got);
    }
    bytes.resize(filled);
    return bytes;
}

void put_facts(const Content& content, Event& event) {
    event.set_file_path(content.path);
    event.set_file_hash_sha256(content.sha256);
    event.set_file_size(content.size);
    event.set_file_modified(content.modified);
    event.set_file_changed(content.changed);
}

}  // namespace

Result<Content> read_content(const std::string& path, const mail::StoreMap& stores) {
    const auto refuse = [&](std::string_view why) {
        return fail(ErrorCode::unsupported, fmt::format("{}: {}", path, why));
    };
    if (stores.locate(path, false)) {
        return refuse("it is mail");
    }
    // A pipe or a device must neither block nor be set off.
    const Fd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!fd) {
        return fail(ErrorCode::unreadable, fmt::format("{}: {}", path, std::strerror(errno)));
    }
    struct stat status{};
    if (::fstat(fd.number(), &status) != 0) {
        return fail(ErrorCode::unreadable, fmt::format("{}: {}", path, std::strerror(errno)));
    }
    if (!S_ISREG(status.st_mode)) {
        return refuse("it is no regular file");
    }
    // A second name could be that of a mailbox.
    if (status.st_nlink != 1) {
        return refuse("it has other names, which may be a mailbox's");
    }
    const std::string real = true_path(fd.number());
    if (real.empty() || stores.locate(real, false)) {
        return refuse("links lead to mail");
    }
    Content content;
    content.path = path;
    content.bytes = TRY(read_all(fd.number(), path));
    if (content.bytes.size() > kContentBytesMax) {
        return fail(ErrorCode::limit,
                    fmt::format("{}: larger than {} bytes", path, kContentBytesMax));
    }
    content.sha256 = render_hex(as_text(sha256(content.bytes)));
    content.size = content.bytes.size();
    content.modified = time_of(status.st_mtim);
    content.changed = time_of(status.st_ctim);
    content.secret = content.bytes.contains("PRIVATE KEY");
    if (content.secret) {
        content.bytes.clear();
    }
    return content;
}

Result<ContentState> record_content(const Content& content, Recorder& recorder) {
    const auto last = TRY(recorder.last_hash(content.path));
    if (last == content.sha256) {
        return ContentState::same;
    }
    const bool kept = TRY(recorder.has_content(content.sha256));
    const std::size_t parts =
        kept || content.secret
            ? 0
            : std::max<std::size_t>(1, (content.size + kContentPartBytes - 1) / kContentPartBytes);
    for (std::size_t part = 0; part < std::max<std::size_t>(parts, 1); ++part) {
        Event event;
        event.reset(EventClass::content, recorder.now());
        put_facts(content, event);
        event.set_content_parts(parts);
        std::string data;
        if (parts > 0) {
            data = render_base64(std::string_view(content.bytes)
                                     .substr(part * kContentPartBytes, kContentPartBytes));
            event.set_content_part(part);
            event.set_content_data(data);
        } else {
            event.set_event_reason(content.secret ? "private key: only its hash is kept"
                                                  : "the same content was recorded before");
        }
        recorder.record(event);
    }
    return last ? ContentState::changed : ContentState::first;
}

void record_named_contents(const Event& event, const mail::StoreMap& stores, Recorder& recorder) {
    const auto read = [&](std::string_view path) {
        if (!path.starts_with('/')) {
            return;
        }
        if (const auto content = read_content(std::string(path), stores)) {
            // An index that can't be asked was told of by the recorder.
            static_cast<void>(record_content(*content, recorder));
        }
    };
    if (event.event_class == EventClass::finding) {
        for (const std::string_view path : event.finding_objects()) {
            read(path);
        }
    }
    read(event.process_script());
}

}  // namespace mailvigil::app
