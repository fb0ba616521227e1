#include "event/canonical.h"

#include <bit>
#include <charconv>
#include <cstring>

#include "base/base64.h"
#include "base/escape.h"
#include "base/json_text.h"
#include "event/canonical_member.h"
#include "event/canonical_value.h"

namespace mailvigil {

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

/// Whether every byte stands for itself between the quotes of a JSON string.
bool is_plain(std::string_view text) {
    const char* at = text.data();
    if (text.size() < 8) {
        return std::ranges::none_of(text, is_special_in_json);
    }
    const char* const last = at + text.size() - 8;
    for (; at < last; at += 8) {
        if (special_json_bytes(load_eight(at)) != 0) {
            return false;
        }
    }
    return special_json_bytes(load_eight(last)) == 0;
}

/// Collects small pieces in front of the string, whose bookkeeping for each of them would cost more
/// than the pieces.
class Writer {
  public:
    explicit Writer(std::string& out) : out_(out) {}

    void flush() {
        out_.append(buffer_.data(), used_);
        used_ = 0;
    }

    void put(char byte) { *room(1) = byte; }

    void put(std::string_view bytes) {
        if (bytes.size() > kRoom) {
            flush();
            out_ += bytes;
        } else if (!bytes.empty()) {
            std::memcpy(room(bytes.size()), bytes.data(), bytes.size());
        }
    }

    /// Where the next `size` bytes go, at most kRoom.
    char* room(std::size_t size) {
        if (used_ + size > buffer_.size()) {
            flush();
        }
        used_ += size;
        return buffer_.data() + used_ - size;
    }

    void put_quoted(std::string_view bytes) {
        put('"');
        put(bytes);
        put('"');
    }

  private:
    static constexpr std::size_t kRoom = 256;

    std::string& out_;
    std::size_t used_ = 0;
    std::array<char, 1024> buffer_;  // NOLINT(cppcoreguidelines-pro-type-member-init)
};

/// RFC 8785 section 3.2.2.2, of valid UTF-8.
void put_escaped(std::string_view text, Writer& out) {
    out.put('"');
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (code >= ' ' && c != '"' && c != '\\') {
            out.put(c);
            continue;
        }
        constexpr std::string_view kEscaped = "\"\\\b\t\n\f\r";
        constexpr std::string_view kLetters = "\"\\btnfr";
        const std::size_t known = kEscaped.find(c);
        out.put('\\');
        if (known != std::string_view::npos) {
            out.put(kLetters[known]);
        } else {
            out.put("u00");
            out.put(kHexDigits[code / 16]);
            out.put(kHexDigits[code % 16]);
        }
    }
    out.put('"');
}

void put_base64_name(const CanonicalMember& member, Writer& out) {
    out.put(",\"");
    out.put(member.name());
    out.put(kBase64Suffix);
    out.put("\":");
}

void put_text(const CanonicalMember& member, std::string_view text, Writer& out) {
    if (is_plain(text)) {
        out.put(member.lead);
        out.put_quoted(text);
    } else if (is_valid_utf8(text)) {
        out.put(member.lead);
        put_escaped(text, out);
    } else {
        put_base64_name(member, out);
        out.put_quoted(render_base64(text));
    }
}

void put_texts(const CanonicalMember& member,
               std::span<const std::string_view> texts,
               Writer& out) {
    const bool valid = std::ranges::all_of(
        texts, [](std::string_view text) { return is_plain(text) || is_valid_utf8(text); });
    if (valid) {
        out.put(member.lead);
    } else {
        put_base64_name(member, out);
    }
    char separator = '[';
    for (const std::string_view text : texts) {
        out.put(separator);
        separator = ',';
        if (!valid) {
            out.put_quoted(render_base64(text));
        } else if (is_plain(text)) {
            out.put_quoted(text);
        } else {
            put_escaped(text, out);
        }
    }
    out.put(texts.empty() ? "[]" : "]");
}

template <class Number>
void put_number(Number number, Writer& out) {
    std::array<char, 24> digits;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    const auto end = std::to_chars(digits.begin(), digits.end(), number).ptr;
    const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.begin()));
    if (is_safe_number(number)) {
        out.put(text);
    } else {
        out.put_quoted(text);
    }
}

void put_address(const IpAddress& address, Writer& out) {
    if (!address.is_v4()) {
        out.put_quoted(render(address));
        return;
    }
    std::array<char, kV4TextMax> text;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    out.put_quoted({text.data(), render_v4(address, text.data())});
}

void put_time(Timestamp time, Writer& out) {
    out.put('"');
    render_canonical_time(time, out.room(kCanonicalTimeSize));
    out.put('"');
}

void put_member(const Event& event, const CanonicalMember& member, Writer& out) {
    if (member.field == kClassMember) {
        out.put(member.lead);
        out.put_quoted(to_text(event.event_class));
        return;
    }
    const auto field = static_cast<Field>(member.field);
    if (member.type == FieldType::text) {
        put_text(member, event.text_of(field), out);
        return;
    }
    if (member.type == FieldType::texts) {
        put_texts(member, event.texts_of(field), out);
        return;
    }
    out.put(member.lead);
    if (member.type == FieldType::number) {
        put_number(event.number_of(field), out);
    } else if (member.type == FieldType::integer) {
        put_number(event.integer_of(field), out);
    } else if (member.type == FieldType::address) {
        put_address(event.address_of(field), out);
    } else {
        put_time(event.time_of(field), out);
    }
}

}  // namespace

void render_canonical(const Event& event, std::string& out) {
    // The fields that are there, in the order of the text: the bits of the event, moved.
    std::array<std::uint64_t, (kMemberCount + 63) / 64> members{};
    const auto mark = [&](std::size_t field) {
        const std::size_t rank = kRankOfField[field];
        members[rank / 64] |= std::uint64_t{1} << (rank % 64);
    };
    const auto present = event.present_bits();
    for (std::size_t word = 0; word < present.size(); ++word) {
        for (std::uint64_t bits = present[word]; bits != 0; bits &= bits - 1) {
            mark(word * 64 + static_cast<unsigned>(std::countr_zero(bits)));
        }
    }
    mark(kClassMember);

    Writer writer(out);
    writer.put("{\"");
    writer.put(kTimeMember);
    writer.put("\":");
    put_time(event.time, writer);
    for (std::size_t word = 0; word < members.size(); ++word) {
        for (std::uint64_t bits = members[word]; bits != 0; bits &= bits - 1) {
            const auto bit = static_cast<unsigned>(std::countr_zero(bits));
            put_member(event, kMembers[word * 64 + bit], writer);
        }
    }
    writer.put('}');
    writer.flush();
}

}  // namespace mailvigil
