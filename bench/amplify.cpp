// amplify: repeats a recorded Linux audit log until it has a given size, as input for benchmarks.
//
// Each copy is renumbered so that it reads like later activity of the same host: event time and
// serial, process ids (pid, ppid, opid, spid) and session ids (ses) move on by a stride as wide as
// the recording's own range, so that no copy continues a process or a session of the one before.
// With --eoe each system call event is followed by its EOE record, which the audit dispatcher gives
// to its plugins and auditd leaves out of the stored log.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/diagnostics.h"
#include "base/result.h"
#include "ingest/log_source.h"

namespace mailvigil {
namespace {

constexpr std::uint64_t kUnset = 4294967295;  // (uid_t)-1: no session; audit writes it as a number
constexpr std::uint64_t kFirstPid =
    300;  // the kernel's RESERVED_PIDS: lower ones are not given out again
constexpr std::uint64_t kPidSpace =
    4194304 - kFirstPid;  // PID_MAX_LIMIT of a 64-bit kernel, proc(5)

struct Options {
    std::string seed;
    std::string out;
    std::uint64_t bytes = 0;
    bool eoe = false;
};

enum class Number : std::uint8_t { time_ms, serial, pid, session };

/// A number of the log that moves, and the text between it and the number before.
struct Piece {
    std::string_view before;
    Number kind;
    std::uint64_t value;
};

struct Line {
    std::vector<Piece> pieces;
    std::string_view rest;  ///< with the newline
    std::uint64_t time_ms = 0;
    std::uint64_t serial = 0;
    bool ends_call = false;  ///< the last record of a system call event
};

/// How far each kind of number moves from one copy to the next.
struct Strides {
    std::uint64_t time_ms = 0;
    std::uint64_t serial = 0;
    std::uint64_t pid = 0;
    std::uint64_t session = 0;
};

/// Takes a number off the front of `text`.
std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

bool take(std::string_view& text, std::string_view prefix) {
    const bool there = text.starts_with(prefix);
    text.remove_prefix(there ? prefix.size() : 0);
    return there;
}

std::string_view between(const char* begin, std::string_view rest) {
    return {begin, static_cast<std::size_t>(rest.data() - begin)};
}

/// "audit(SECONDS.MILLISECONDS:SERIAL" at the front of `rest`; `rest` and `literal` then stand
/// behind it.
bool parse_stamp(Line& line, const char*& literal, std::string_view& rest) {
    std::string_view at = rest;
    if (!take(at, "audit(")) {
        return false;
    }
    const std::string_view before = between(literal, at);
    const auto seconds = take_number(at);
    const bool dot = take(at, ".");
    const auto milliseconds = take_number(at);
    const std::string_view colon = at.substr(0, 1);
    const bool separated = take(at, ":");
    const auto serial = take_number(at);
    if (!seconds || !dot || !milliseconds || !separated || !serial) {
        return false;
    }
    line.time_ms = *seconds * 1000 + *milliseconds;
    line.serial = *serial;
    line.pieces.push_back({before, Number::time_ms, line.time_ms});
    line.pieces.push_back({colon, Number::serial, line.serial});
    literal = at.data();
    rest = at;
    return true;
}

/// " pid=N" and its like at the front of `rest`; `rest` and `literal` then stand behind it.
bool parse_id(Line& line, const char*& literal, std::string_view& rest) {
    struct Name {
        std::string_view text;
        Number kind;
    };

    static constexpr std::array<Name, 5> kNames = {{{" pid=", Number::pid},
                                                    {" ppid=", Number::pid},
                                                    {" opid=", Number::pid},
                                                    {" spid=", Number::pid},
                                                    {" ses=", Number::session}}};
    for (const Name& name : kNames) {
        std::string_view at = rest;
        if (!take(at, name.text)) {
            continue;
        }
        const std::string_view before = between(literal, at);
        if (const auto value = take_number(at)) {
            line.pieces.push_back({before, name.kind, *value});
            literal = at.data();
            rest = at;
            return true;
        }
    }
    return false;
}

Line parse_line(std::string_view text) {
    Line line;
    const char* literal = text.data();
    for (std::string_view rest = text; !rest.empty();) {
        const bool candidate = rest.front() == ' ' || rest.front() == 'a';
        if (!candidate || !(parse_stamp(line, literal, rest) || parse_id(line, literal, rest))) {
            rest.remove_prefix(1);
        }
    }
    line.rest = {literal, static_cast<std::size_t>(text.data() + text.size() - literal)};
    return line;
}

std::vector<Line> parse_log(std::string_view text) {
    std::vector<Line> lines;
    std::unordered_map<std::uint64_t, std::size_t> last_of_call;
    while (!text.empty()) {
        const std::size_t size = std::min(text.find('\n'), text.size() - 1) + 1;
        const std::string_view line = text.substr(0, size);
        text.remove_prefix(size);
        lines.push_back(parse_line(line));
        const std::uint64_t serial = lines.back().serial;
        if (line.starts_with("type=SYSCALL ") || last_of_call.contains(serial)) {
            last_of_call[serial] = lines.size() - 1;
        }
    }
    for (const auto& [serial, index] : last_of_call) {
        lines[index].ends_call = true;
    }
    return lines;
}

struct Range {
    std::uint64_t least = UINT64_MAX;
    std::uint64_t most = 0;

    void add(std::uint64_t value) {
        least = std::min(least, value);
        most = std::max(most, value);
    }

    [[nodiscard]] std::uint64_t width() const { return most < least ? 1 : most - least + 1; }
};

/// Whether a number is one that copies renumber; the system's own processes and "no session" stay.
bool moves(const Piece& piece) {
    return !(piece.kind == Number::pid && piece.value < kFirstPid) &&
           !(piece.kind == Number::session && piece.value == kUnset);
}

Strides strides_of(const std::vector<Line>& lines) {
    constexpr std::uint64_t kPauseMs = 1000;
    std::array<Range, 4> ranges;
    for (const Line& line : lines) {
        for (const Piece& piece : line.pieces) {
            if (moves(piece)) {
                ranges[static_cast<std::size_t>(piece.kind)].add(piece.value);
            }
        }
    }
    return {.time_ms = ranges[0].width() + kPauseMs,
            .serial = ranges[1].width(),
            .pid = ranges[2].width(),
            .session = ranges[3].width()};
}

std::uint64_t moved(const Piece& piece, const Strides& strides, std::uint64_t copy) {
    if (!moves(piece)) {
        return piece.value;
    }
    switch (piece.kind) {
        case Number::time_ms:
            return piece.value + copy * strides.time_ms;
        case Number::serial:
            return piece.value + copy * strides.serial;
        case Number::pid:
            return kFirstPid + (piece.value - kFirstPid + copy * strides.pid) % kPidSpace;
        case Number::session:
            return piece.value + copy * strides.session;
    }
    return piece.value;
}

void append_time(std::string& text, std::uint64_t time_ms) {
    fmt::format_to(std::back_inserter(text), "{}.{:03}", time_ms / 1000, time_ms % 1000);
}

void append_line(std::string& text, const Line& line, const Strides& strides, std::uint64_t copy) {
    for (const Piece& piece : line.pieces) {
        text += piece.before;
        const std::uint64_t value = moved(piece, strides, copy);
        if (piece.kind == Number::time_ms) {
            append_time(text, value);
        } else {
            fmt::format_to(std::back_inserter(text), "{}", value);
        }
    }
    text += line.rest;
}

void append_eoe(std::string& text, const Line& line, const Strides& strides, std::uint64_t copy) {
    text += "type=EOE msg=audit(";
    append_time(text, line.time_ms + copy * strides.time_ms);
    fmt::format_to(std::back_inserter(text), ":{}): \n", line.serial + copy * strides.serial);
}

Result<std::string> read_log(const std::string& path) {
    auto source = TRY(ingest::LogSource::open(path, ingest::Growth::finished));
    Diagnostics diagnostics;
    std::string text;
    ingest::Chunk chunk;
    while (source.next(chunk, diagnostics) == ingest::LogSource::Next::chunk) {
        text += chunk.text;
        chunk.text = {};
    }
    if (text.empty()) {
        return fail(ErrorCode::malformed, fmt::format("{}: holds no line", path));
    }
    return text;
}

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

/// Where the copies go, buffered.
class Output {
  public:
    explicit Output(File file) : file_(std::move(file)) {}

    std::string& buffer() { return buffer_; }

    void flush_if_full() {
        if (buffer_.size() >= kBufferBytes) {
            flush();
        }
    }

    void flush() {
        std::fwrite(buffer_.data(), 1, buffer_.size(), file_.get());
        std::fflush(file_.get());
        buffer_.clear();
    }

    [[nodiscard]] bool failed() const { return std::ferror(file_.get()) != 0; }

  private:
    static constexpr std::size_t kBufferBytes = 1024 * 1024;

    File file_;
    std::string buffer_;
};

/// Copies of `lines` until `options.bytes` are written and the event that was begun is whole. EOE
/// records are not counted: with and without them it is the same activity.
Result<> write_copies(const std::vector<Line>& lines, const Options& options) {
    File file(options.out == "-" ? stdout : std::fopen(options.out.c_str(), "wb"), std::fclose);
    if (!file) {
        return fail(ErrorCode::unwritable, fmt::format("{}: cannot be written", options.out));
    }
    Output output(std::move(file));
    const Strides strides = strides_of(lines);
    std::uint64_t written = 0;
    std::uint64_t latest = 0;  // serial, as in the seed
    bool done = false;
    for (std::uint64_t copy = 0; !done; ++copy) {
        for (const Line& line : lines) {
            done = output.failed() || (written >= options.bytes && line.serial != latest);
            if (done) {
                break;
            }
            const std::size_t before = output.buffer().size();
            append_line(output.buffer(), line, strides, copy);
            written += output.buffer().size() - before;
            latest = line.serial;
            if (options.eoe && line.ends_call) {
                append_eoe(output.buffer(), line, strides, copy);
            }
            output.flush_if_full();
        }
    }
    output.flush();
    if (output.failed()) {
        return fail(ErrorCode::unwritable,
                    fmt::format("{}: could not be written to its end", options.out));
    }
    return {};
}

std::optional<Options> parse_options(int count, char** words) {
    Options options;
    for (int i = 1; i < count; ++i) {
        const std::string_view name = words[i];
        if (name == "--eoe") {
            options.eoe = true;
            continue;
        }
        if (++i == count) {
            return std::nullopt;
        }
        std::string_view value = words[i];
        if (name == "--seed") {
            options.seed = value;
        } else if (name == "--out") {
            options.out = value;
        } else if (const auto bytes = take_number(value);
                   name == "--bytes" && bytes && value.empty()) {
            options.bytes = *bytes;
        } else {
            return std::nullopt;
        }
    }
    const bool complete = !options.seed.empty() && !options.out.empty() && options.bytes > 0;
    return complete ? std::optional(options) : std::nullopt;
}

Result<> amplify(const Options& options) {
    const std::string text = TRY(read_log(options.seed));
    return write_copies(parse_log(text), options);
}

}  // namespace
}  // namespace mailvigil

int main(int count, char** words) {
    const auto options = mailvigil::parse_options(count, words);
    if (!options) {
        std::fputs("usage: amplify --seed LOG --out FILE --bytes N [--eoe]    (FILE may be -)\n",
                   stderr);
        return 2;
    }
    const auto done = mailvigil::amplify(*options);
    if (!done) {
        fmt::print(stderr, "amplify: {}\n", done.error().message);
        return 3;
    }
    return 0;
}
