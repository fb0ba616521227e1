#include "detect/command/inline_script.h"

#include <algorithm>
#include <array>

namespace mailvigil::detect::command {

namespace {

constexpr auto kNone = std::string_view::npos;
constexpr std::string_view kEndOfWord = " \t\r\n\"'`;|&<>(){},";

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_word(char c) {
    return is_letter(c) || c == '_';
}

/// Where `text` stands as a word of its own: `mail(` is not in `sendmail(`.
std::size_t find_word(std::string_view script, std::string_view text) {
    for (std::size_t at = script.find(text); at != kNone; at = script.find(text, at + 1)) {
        const std::size_t end = at + text.size();
        const bool begins = at == 0 || !is_word(text.front()) || !is_word(script[at - 1]);
        const bool ends = end == script.size() || !is_letter(text.back()) || !is_word(script[end]);
        if (begins && ends) {
            return at;
        }
    }
    return kNone;
}

std::string_view word_at(std::string_view script, std::size_t at) {
    const std::string_view rest = script.substr(at);
    return rest.substr(0, rest.find_first_of(kEndOfWord));
}

/// `host:port` out of `/dev/tcp/host/port`, after `skip` path components.
std::string device_host(std::string_view path, std::size_t skip) {
    for (; skip > 0 && !path.empty(); --skip) {
        path.remove_prefix(std::min(path.size(), path.find('/')));
        path.remove_prefix(path.empty() ? 0 : 1);
    }
    const std::size_t slash = path.find('/');
    std::string host(path.substr(0, slash));
    if (slash != kNone) {
        host += ':';
        host += path.substr(slash + 1, path.find('/', slash + 1) - slash - 1);
    }
    return host;
}

std::string_view first_url(std::string_view script) {
    const std::size_t colon = script.find("://");
    if (colon == kNone) {
        return {};
    }
    std::size_t start = colon;
    while (start > 0 && is_letter(script[start - 1])) {
        --start;
    }
    return word_at(script, start);
}

/// The quoted text that begins right at the start, spaces aside.
std::string_view quoted(std::string_view text) {
    const std::size_t open = text.find_first_not_of(" \t");
    if (open == kNone || (text[open] != '\'' && text[open] != '"')) {
        return {};
    }
    const std::size_t close = text.find(text[open], open + 1);
    return close == kNone ? std::string_view() : text.substr(open + 1, close - open - 1);
}

void find_sources(const Tool& tool, std::string_view script, ScriptReading& reading) {
    for (const std::string& before : tool.sources_after) {
        std::size_t at = script.find(before);
        for (; at != kNone && reading.sources.size() < kScriptPartsMax;
             at = script.find(before, at + before.size())) {
            const std::string_view name = quoted(script.substr(at + before.size()));
            if (!name.empty() && name.find("://") == kNone) {
                reading.sources.push_back(name);
            }
        }
    }
}

/// Words and statements of a small command language, one character at a time.
class Splitter {
  public:
    void take(char c) {
        if (escaped_) {
            escaped_ = false;
            add(c);
        } else if (c == '\\' && quote_ != '\'') {
            escaped_ = true;
        } else if (quote_ != 0) {
            c == quote_ ? void(quote_ = 0) : add(c);
        } else if (c == '\'' || c == '"') {
            quote_ = c;
            in_word_ = true;
        } else if (c == ';' || c == '\n' || c == '&' || c == '|') {
            end_statement();
        } else if (c == ' ' || c == '\t' || c == '\r') {
            end_word();
        } else {
            add(c);
        }
    }

    std::vector<std::vector<std::string>> finish() {
        end_statement();
        return std::move(statements_);
    }

    [[nodiscard]] bool full() const { return statements_.size() >= kScriptPartsMax; }

  private:
    void add(char c) {
        word_ += c;
        in_word_ = true;
    }

    void end_word() {
        if (in_word_) {
            words_.push_back(std::move(word_));
        }
        word_.clear();
        in_word_ = false;
    }

    void end_statement() {
        end_word();
        if (!words_.empty()) {
            statements_.push_back(std::move(words_));
        }
        words_.clear();
    }

    std::vector<std::vector<std::string>> statements_;
    std::vector<std::string> words_;
    std::string word_;
    bool in_word_ = false;
    bool escaped_ = false;
    char quote_ = 0;
};

}  // namespace

ScriptReading read_script(const Tool& tool, std::string_view script) {
    script = script.substr(0, kScriptBytesMax);
    ScriptReading reading;
    for (const Marker& marker : tool.markers) {
        const std::size_t at = find_word(script, marker.text);
        if (at == kNone) {
            continue;
        }
        MarkerFound& found = reading.markers.emplace_back(&marker, std::string());
        if (marker.host_after) {
            found.destination =
                device_host(word_at(script, at + marker.text.size()), *marker.host_after);
        } else {
            found.destination = first_url(script);
        }
    }
    find_sources(tool, script, reading);
    return reading;
}

std::vector<std::vector<std::string>> split_statements(std::string_view script) {
    Splitter splitter;
    for (const char c : script.substr(0, kScriptBytesMax)) {
        if (splitter.full()) {
            break;
        }
        splitter.take(c);
    }
    return splitter.finish();
}

}  // namespace mailvigil::detect::command
