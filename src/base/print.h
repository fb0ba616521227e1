// Formatted output to a stdio stream that never throws: fmt::print does, when a disk is full or a
// reader gone. What went wrong stays in ferror(stream).
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>

namespace mailvigil {

template <class... Values>
void print(std::FILE* stream, fmt::format_string<Values...> format, Values&&... values) {
    const std::string text = fmt::format(format, std::forward<Values>(values)...);
    std::fwrite(text.data(), 1, text.size(), stream);
}

}  // namespace mailvigil
