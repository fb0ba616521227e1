#include "base/json_text.h"

#include "base/escape.h"

namespace mailvigil {

namespace {

// RFC 8785 section 3.2.2.2: the letters of two-character escapes and what they stand for.
constexpr std::string_view kLetters = "\"\\btnfr";
constexpr std::string_view kMeant = "\"\\\b\t\n\f\r";

int hex_value(char digit) {
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/// How long the escape is; 0 if RFC 8785 does not write it so.
std::size_t escape_length(const char* at) {
    if (at[1] != 'u') {
        return kLetters.find(at[1]) != std::string_view::npos ? 2 : 0;
    }
    if (at[2] != '0' || at[3] != '0' || (at[4] != '0' && at[4] != '1') || hex_value(at[5]) < 0) {
        return 0;
    }
    const auto meant = static_cast<char>((at[4] - '0') * 16 + hex_value(at[5]));
    return kMeant.find(meant) == std::string_view::npos ? 6 : 0;
}

}  // namespace

JsonStringEnd find_json_string_end(const char* start) {
    JsonStringEnd end;
    end.at = start;
    bool is_ascii = true;
    for (;;) {
        const std::uint64_t special = special_json_bytes(load_eight(end.at));
        if (special == 0) {
            end.at += 8;
            continue;
        }
        end.at += std::countr_zero(special) / 8;
        const auto code = static_cast<unsigned char>(*end.at);
        if (code == '"') {
            break;
        }
        if (code == '\\') {
            const std::size_t length = escape_length(end.at);
            if (length == 0) {
                end.problem = "an escape is not of the canonical form";
                return end;
            }
            end.has_escapes = true;
            end.at += length;
        } else if (code < ' ') {
            end.problem = "a control character stands in a string";
            return end;
        } else {
            is_ascii = false;
            ++end.at;
        }
    }
    if (!is_ascii && !is_valid_utf8({start, end.at})) {
        end.problem = "a string is not valid UTF-8";
    }
    return end;
}

std::string_view unescape_json(std::span<char> text) {
    char* to = text.data();
    for (const char *at = to, *const end = to + text.size(); at < end;) {
        if (*at != '\\') {
            *to++ = *at++;
        } else if (at[1] == 'u') {
            *to++ = static_cast<char>((at[4] - '0') * 16 + hex_value(at[5]));
            at += 6;
        } else {
            *to++ = kMeant[kLetters.find(at[1])];
            at += 2;
        }
    }
    return {text.data(), to};
}

}  // namespace mailvigil
