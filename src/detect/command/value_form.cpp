#include "detect/command/value_form.h"

#include <algorithm>
#include <array>

namespace mailvigil::detect::command {

namespace {

constexpr auto kNone = std::string_view::npos;

void add_file(std::string_view name, FormReading& reading) {
    if (is_standard_input(name)) {
        reading.standard_input = true;
    } else if (!name.empty()) {
        reading.files.push_back(name);
    }
}

void add_list(std::string_view list, FormReading& reading) {
    while (!list.empty()) {
        const std::size_t comma = list.find(',');
        add_file(list.substr(0, comma), reading);
        list.remove_prefix(comma == kNone ? list.size() : comma + 1);
    }
}

// curl(1) -F: `name=@file,"file";type=...` and `name=<file;type=...`; anything else after `=` is
// text.
void read_field(std::string_view value, FormReading& reading) {
    const std::size_t equals = value.find('=');
    if (equals == kNone || equals + 1 >= value.size()) {
        return;
    }
    std::string_view rest = value.substr(equals + 1);
    if (rest[0] != '@' && rest[0] != '<') {
        reading.content = rest[0] != '(' && rest != ")";
        return;
    }
    const bool many = rest[0] == '@';
    rest.remove_prefix(1);
    while (!rest.empty() && rest[0] != ';') {
        const bool quoted = rest[0] == '"';
        rest.remove_prefix(quoted ? 1 : 0);
        const std::size_t end =
            std::min(rest.size(), quoted ? rest.find('"') : rest.find_first_of(many ? ",;" : ";"));
        add_file(rest.substr(0, end), reading);
        rest.remove_prefix(end);
        rest.remove_prefix(std::min(rest.size(), rest.find_first_of(",;")));
        if (!many || rest.empty() || rest[0] == ';') {
            return;
        }
        rest.remove_prefix(1);
    }
}

// curl(1) -T: `{a,b}` uploads both, `.` is standard input without blocking. Text around the braces
// stays as given.
void read_braces(std::string_view value, FormReading& reading) {
    if (value == ".") {
        reading.standard_input = true;
    } else if (value.size() >= 2 && value.front() == '{' && value.find('}') == value.size() - 1) {
        add_list(value.substr(1, value.size() - 2), reading);
    } else {
        add_file(value, reading);
    }
}

// `Name: value` or `Name:value`, the name of RFC 5322 letters: a header; else a file name.
bool looks_like_header(std::string_view value) {
    const std::size_t colon = value.find(':');
    const std::string_view name = value.substr(0, colon);
    return colon != kNone && !name.empty() && name.find_first_of("/. \t") == kNone;
}

std::size_t longest_label(std::string_view name) {
    std::size_t longest = 0;
    std::size_t label = 0;
    for (const char c : name) {
        label = c == '.' ? 0 : label + 1;
        longest = std::max(longest, label);
    }
    return longest;
}

void read_at(Form form, std::string_view value, FormReading& reading) {
    const bool is_file = value.starts_with('@');
    if (is_file || form == Form::at_or_name || (form == Form::at_or_input && value == "-")) {
        add_file(value.substr(is_file ? 1 : 0), reading);
    } else {
        reading.content = form != Form::at_or_text && !value.empty();
    }
}

// curl(1) --data-urlencode: whichever of `=` and `@` comes first decides.
void read_name_at(std::string_view value, FormReading& reading) {
    const std::size_t sign = value.find_first_of("=@");
    if (sign != kNone && value[sign] == '@') {
        add_file(value.substr(sign + 1), reading);
    } else {
        reading.content = !value.empty();
    }
}

}  // namespace

FormReading read_form(Form form, std::string_view value) {
    FormReading reading;
    reading.content_bytes = value.size();
    switch (form) {
        case Form::name:
            add_file(value, reading);
            break;
        case Form::at:
        case Form::at_or_text:
        case Form::at_or_name:
        case Form::at_or_input:
            read_at(form, value, reading);
            break;
        case Form::name_at:
            read_name_at(value, reading);
            break;
        case Form::field:
            read_field(value, reading);
            break;
        case Form::braces:
            read_braces(value, reading);
            break;
        case Form::list:
            add_list(value, reading);
            break;
        case Form::unless_equals:
            if (value.find('=') == kNone) {
                add_file(value, reading);
            }
            break;
        case Form::unless_header:
            if (!looks_like_header(value)) {
                add_file(value, reading);
            }
            break;
        case Form::label:
            reading.content_bytes = longest_label(value);
            break;
    }
    return reading;
}

bool is_standard_input(std::string_view name) {
    constexpr std::array<std::string_view, 4> kNames = {
        "-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"};
    return std::ranges::find(kNames, name) != kNames.end();
}

bool is_standard_output(std::string_view name) {
    constexpr std::array<std::string_view, 4> kNames = {
        "-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"};
    return std::ranges::find(kNames, name) != kNames.end();
}

}  // namespace mailvigil::detect::command
