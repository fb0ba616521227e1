#include "app/source_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>

#include "base/base64.h"
#include "base/fd.h"
#include "base/path_map.h"
#include "base/sha256.h"

namespace mailvigil::app {

namespace {

constexpr std::size_t kReadBytes = 256 * 1024;

/// By which name the file is found later, from any folder.
std::string absolute(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                           &std::free);
    return real == nullptr ? path : std::string(real.get());
}

/// Absent: no regular file, or not readable.
std::optional<SourceFile> hash_file(const std::string& path) {
    // A named pipe would wait for a writer here.
    const Fd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat status{};
    if (!fd || ::fstat(fd.number(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return {};
    }
    Sha256Stream hash;
    SourceFile source{.path = absolute(path), .sha256 = {}, .size = 0};
    std::string bytes(kReadBytes, '\0');
    for (;;) {
        const ssize_t got = ::read(fd.number(), bytes.data(), bytes.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return {};
        }
        if (got == 0) {
            break;
        }
        hash.update(std::string_view(bytes).substr(0, static_cast<std::size_t>(got)));
        source.size += static_cast<std::uint64_t>(got);
    }
    source.sha256 = render_hex(as_text(hash.finish()));
    return source;
}

}  // namespace

Result<std::vector<std::string>> begin_sources(const std::vector<std::string>& files,
                                               Repetition repetition,
                                               Recorder& recorder) {
    std::vector<SourceFile> sources;
    std::vector<std::string> warnings;
    for (const std::string& path : files) {
        auto source = path == "-" ? std::nullopt : hash_file(path);
        // An empty log says nothing that could be said twice.
        if (!source || source->size == 0) {
            continue;
        }
        const auto known = TRY(recorder.find_source(source->sha256));
        if (known && repetition == Repetition::refuse) {
            return fail(ErrorCode::limit,
                        fmt::format("{} is in the ledger already (record {}): reading it again "
                                    "would count everything twice; --again does it all the same",
                                    path,
                                    *known));
        }
        const auto same = std::ranges::find(sources, source->sha256, &SourceFile::sha256);
        if (same != sources.end() && repetition == Repetition::refuse) {
            return fail(ErrorCode::limit,
                        fmt::format("{} holds the same as {}: reading both would count everything "
                                    "twice; --again does it all the same",
                                    path,
                                    base_name(same->path)));
        }
        if (const auto begun = TRY(recorder.find_unfinished(*source))) {
            warnings.push_back(
                fmt::format("{} was begun to be read before and not finished (record {}); what was "
                            "recorded of it then is in the ledger twice now",
                            path,
                            *begun));
        }
        sources.push_back(std::move(*source));
    }
    for (const SourceFile& source : sources) {
        recorder.record_reading(source);
    }
    recorder.commit();
    return warnings;
}

void finish_source(const SourceRead& read, Recorder& recorder) {
    if (read.bytes == 0) {
        return;
    }
    recorder.record_source({.path = read.path == "-" ? "standard input" : absolute(read.path),
                            .sha256 = render_hex(as_text(read.sha256)),
                            .size = read.bytes},
                           read.first,
                           read.last);
}

}  // namespace mailvigil::app
