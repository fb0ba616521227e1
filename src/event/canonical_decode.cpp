// decode_canonical(): a strict reader of just the form that render_canonical() writes. What it
// accepts renders to the same bytes again, members of a later version aside; so there is one text
// of an event, not several, and nothing else can hide in the evidence.
#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cstring>

#include "base/base64.h"
#include "base/escape.h"
#include "base/json_text.h"
#include "event/canonical.h"
#include "event/canonical_member.h"
#include "event/canonical_value.h"

namespace mailvigil {

namespace {

/// Of the value of a member that is not known. Ours have 1.
constexpr unsigned kDepthMax = 16;
constexpr std::size_t kPadding = 16;
constexpr std::size_t kNameShownMax = 80;

/// Reads a copy of the text that lies in the batch, and puts views of it into the event: what is a
/// text in the text is one in the event, without its escapes. Behind the copy are zeroes: no byte
/// of a JSON text is zero, so nothing has to ask for the end.
class Reader {
  public:
    Reader(char* text, std::size_t size, Arena& arena, Event& event)
        : begin_(text), end_(text + size), at_(text), arena_(arena), event_(event) {}

    bool read() {
        return read_time_member() && read_members() &&
               (at_ == end_ || refuse("nothing was expected behind the object"));
    }

    [[nodiscard]] Error problem() const {
        const std::string where =
            member_.empty() ? std::string()
                            : fmt::format("member \"{}\", ", member_.substr(0, kNameShownMax));
        return {code_,
                fmt::format("canonical event: {}byte {}: {}", where, at_ - begin_, problem_)};
    }

  private:
    bool refuse(std::string_view problem) {
        problem_ = at_ >= end_ ? std::string_view("the text ends too early") : problem;
        return false;
    }

    bool take(char expected) {
        if (*at_ != expected) {
            return false;
        }
        ++at_;
        return true;
    }

    bool read_time_member();
    bool read_members();
    bool read_member();
    bool read_name();
    bool read_value(const CanonicalMember& member, bool base64);
    bool read_class();
    template <class Number>
    bool read_whole(Field field);
    bool read_texts(Field field, bool base64);
    bool skip_string();
    bool read_string(std::string_view& text);
    bool read_time(Timestamp& time);
    bool decode(std::string_view& text);
    bool skip_value(unsigned depth);
    bool skip_number();
    template <class SkipElement>
    bool skip_elements(char close, SkipElement skip_element);

    char* begin_;
    char* end_;
    char* at_;
    Arena& arena_;
    Event& event_;
    std::string_view member_;    ///< name as it stands
    int last_rank_ = -1;         ///< of the last known member
    bool last_is_known_ = true;  ///< of the member before
    bool has_class_ = false;
    bool has_escapes_ = false;  ///< of the string before
    std::string_view problem_;
    ErrorCode code_ = ErrorCode::malformed;
};

bool Reader::read_time_member() {
    constexpr std::string_view kStart = "{\"@timestamp\":";
    for (const char c : kStart) {
        if (!take(c)) {
            return refuse("\"{\"@timestamp\":\" was expected");
        }
    }
    member_ = kTimeMember;
    return read_time(event_.time);
}

bool Reader::read_members() {
    while (take(',')) {
        if (!read_member()) {
            return false;
        }
    }
    if (!take('}')) {
        return refuse("a comma or the end of the object was expected");
    }
    member_ = {};
    if (!has_class_) {
        problem_ = "there is no member \"mailvigil.class\"";
    }
    return has_class_;
}

bool Reader::read_member() {
    const std::string_view before = member_;
    if (!read_name()) {
        return false;
    }
    std::string_view name = member_;
    const bool base64 = name.ends_with(kBase64Suffix);
    if (base64) {
        name.remove_suffix(kBase64Suffix.size());
    }
    const CanonicalMember* const member = find_canonical_member(name);
    const int rank = member == nullptr ? -1 : static_cast<int>(member - kMembers.data());
    // Of two known members the ranks say it, so that most names need not be compared.
    const bool both_known = member != nullptr && last_is_known_;
    if ((member != nullptr && rank <= last_rank_) || (!both_known && before >= member_)) {
        return refuse("it stands twice, or behind a member that sorts after it");
    }
    last_is_known_ = member != nullptr;
    if (member == nullptr) {
        return skip_value(0);
    }
    last_rank_ = rank;
    return read_value(*member, base64);
}

bool Reader::read_name() {
    member_ = {};
    if (!take('"')) {
        return refuse("the name of a member was expected");
    }
    char* const start = at_;
    std::uint64_t special = special_json_bytes(load_eight(at_));
    while (special == 0) {
        at_ += 8;
        special = special_json_bytes(load_eight(at_));
    }
    at_ += std::countr_zero(special) / 8;
    member_ = {start, static_cast<std::size_t>(at_ - start)};
    if (!take('"') || !take(':')) {
        member_ = {};  // it may be no text to show
        return refuse("the name of a member is not of plain ASCII with a colon behind it");
    }
    return true;
}

bool Reader::read_value(const CanonicalMember& member, bool base64) {
    const auto field = static_cast<Field>(member.field);
    if (member.field == kClassMember) {
        return base64 ? refuse("a class does not stand in base64") : read_class();
    }
    if (member.type == FieldType::texts) {
        return read_texts(field, base64);
    }
    std::string_view text;
    if (member.type == FieldType::text) {
        if (!read_string(text) || (base64 && !decode(text))) {
            return false;
        }
        if (base64 && is_valid_utf8(text)) {
            return refuse("it stands in base64, though it is valid UTF-8");
        }
        event_.put(field, text);
        return true;
    }
    if (base64) {
        return refuse("a value that is no text does not stand in base64");
    }
    if (member.type == FieldType::number) {
        return read_whole<std::uint64_t>(field);
    }
    if (member.type == FieldType::integer) {
        return read_whole<std::int64_t>(field);
    }
    if (member.type == FieldType::time) {
        Timestamp time;
        if (!read_time(time)) {
            return false;
        }
        event_.put(field, time);
        return true;
    }
    if (!read_string(text)) {
        return false;
    }
    const auto address = parse_canonical_address(text);
    if (!address) {
        return refuse("an IP address was expected, as RFC 5952 writes it");
    }
    event_.put(field, *address);
    return true;
}

bool Reader::read_class() {
    std::string_view text;
    if (!read_string(text)) {
        return false;
    }
    const auto event_class = parse_event_class(text);
    if (!event_class) {
        code_ = at_ < end_ ? ErrorCode::unknown : ErrorCode::malformed;
        return refuse("this version does not know that class of events");
    }
    has_class_ = true;
    event_.event_class = *event_class;
    return true;
}

/// A whole number, in quotes where a double could not hold it. `Number` says which are allowed.
template <class Number>
bool Reader::read_whole(Field field) {
    const bool quoted = take('"');
    Number number = 0;
    const auto [behind, error] = std::from_chars(at_, end_, number);
    const bool padded = *at_ == '0' ? behind != at_ + 1 : at_[0] == '-' && at_[1] == '0';
    if (error != std::errc{} || padded || quoted == is_safe_number(number) ||
        (quoted && *behind != '"')) {
        return refuse("a whole number was expected, in quotes only beyond 2^53 - 1");
    }
    at_ += behind - at_ + (quoted ? 1 : 0);
    event_.put(field, number);
    return true;
}

bool Reader::read_texts(Field field, bool base64) {
    // Once to count and once to read: the array's place comes before what stands in it.
    if (!take('[')) {
        return refuse("an array of strings was expected");
    }
    char* const first = at_;
    std::size_t count = 0;
    if (!skip_elements(']', [&] {
            ++count;
            return skip_string();
        })) {
        return false;
    }
    const std::span<std::string_view> texts = arena_.array<std::string_view>(count);
    char* const behind = at_;
    at_ = first;
    bool all_valid = true;
    for (std::string_view& text : texts) {
        if (!read_string(text) || (base64 && !decode(text))) {
            return false;
        }
        all_valid = all_valid && base64 && is_valid_utf8(text);
        ++at_;
    }
    at_ = behind;
    if (base64 && all_valid) {
        return refuse("it stands in base64, though all of it is valid UTF-8");
    }
    event_.put(field, std::span<const std::string_view>(texts));
    return true;
}

bool Reader::decode(std::string_view& text) {
    const auto bytes = decode_base64(text);
    if (!bytes) {
        return refuse("base64 was expected, padded");
    }
    text = arena_.copy(*bytes);
    return true;
}

bool Reader::read_time(Timestamp& time) {
    std::string_view text;
    if (!read_string(text)) {
        return false;
    }
    const auto parsed = parse_canonical_time(text);
    if (!parsed) {
        return refuse("a time was expected, as in 2026-11-23T02:14:07.120000000Z");
    }
    time = *parsed;
    return true;
}

bool Reader::skip_string() {
    if (!take('"')) {
        return refuse("a string was expected");
    }
    const JsonStringEnd end = find_json_string_end(at_);
    at_ += end.at - at_;
    if (!end.problem.empty()) {
        return refuse(end.problem);
    }
    ++at_;
    has_escapes_ = end.has_escapes;
    return true;
}

bool Reader::read_string(std::string_view& text) {
    char* const start = at_ + 1;
    if (!skip_string()) {
        return false;
    }
    const std::span<char> inside(start, at_ - 1);
    text = has_escapes_ ? unescape_json(inside) : std::string_view(inside.data(), inside.size());
    return true;
}

template <class SkipElement>
bool Reader::skip_elements(char close, SkipElement skip_element) {
    if (take(close)) {
        return true;
    }
    do {
        if (!skip_element()) {
            return false;
        }
    } while (take(','));
    return take(close) || refuse("a comma or the end of an array or object was expected");
}

bool Reader::skip_value(unsigned depth) {
    if (depth == kDepthMax) {
        return refuse("it is nested too deep");
    }
    if (*at_ == '"') {
        return skip_string();
    }
    if (take('[')) {
        return skip_elements(']', [&] { return skip_value(depth + 1); });
    }
    if (take('{')) {
        return skip_elements('}', [&] {
            return skip_string() && (take(':') || refuse("a colon was expected")) &&
                   skip_value(depth + 1);
        });
    }
    for (const std::string_view word : {"true", "false", "null"}) {
        if (std::string_view(at_, end_).starts_with(word)) {
            at_ += word.size();
            return true;
        }
    }
    return skip_number();
}

/// Any number of JSON (RFC 8259 section 6).
bool Reader::skip_number() {
    const auto skip_digits = [&] {
        const char* const first = at_;
        while (is_decimal_digit(*at_)) {
            ++at_;
        }
        return at_ != first || refuse("a value was expected");
    };
    take('-');
    if (!(take('0') || skip_digits()) || (take('.') && !skip_digits())) {
        return false;
    }
    if (take('e')) {
        if (!take('-')) {
            take('+');
        }
        return skip_digits();
    }
    return true;
}

}  // namespace

Result<void> decode_canonical(std::string_view text, EventBatch& batch) {
    char* const copy = batch.arena().allocate(text.size() + kPadding);
    if (!text.empty()) {
        std::memcpy(copy, text.data(), text.size());
    }
    std::memset(copy + text.size(), 0, kPadding);
    Reader reader(copy, text.size(), batch.arena(), batch.add(EventClass::gap, {}));
    if (!reader.read()) {
        batch.remove_last();
        return std::unexpected(reader.problem());
    }
    return {};
}

}  // namespace mailvigil
