// "did you mean": the nearest known word to one that is unknown.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace mailvigil {

/// The candidate nearest to `word` by Levenshtein distance (at most a third of its length away,
/// case ignored); empty: none is near. Of equally near ones the first.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

/// `; did you mean "X"?` or an empty string.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace mailvigil
