// How numbers lie in the blobs of the index: LEB128 numbers, and columns of bit-packed numbers over
// a common base, in which the few that are much wider stand apart (PFOR).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mailvigil::evidence::index {

/// What a column would take, and how.
struct ColumnShape {
    std::uint64_t base = 0;  ///< smallest value
    unsigned width = 0;      ///< bits of each value above the base
    std::uint64_t wider = 0;
    std::uint64_t bits = 0;  ///< estimate of the whole
};

ColumnShape shape_of(std::span<const std::uint64_t> values);

class Packer {
  public:
    void number(std::uint64_t value);

    void column(std::span<const std::uint64_t> values) { column(values, shape_of(values)); }

    void column(std::span<const std::uint64_t> values, const ColumnShape& shape);

    /// A column whose values may have a common factor of a thousand, a million or a thousand
    /// million: times that came in milliseconds. Changes `values`.
    void scaled_column(std::span<std::uint64_t> values);

    void text(std::string_view text);
    void clear();

    /// What was packed, behind its CRC-32C. Valid until the next change.
    std::string_view sealed();

  private:
    void bits(std::span<const std::uint64_t> values, const ColumnShape& shape);

    std::string out_ = std::string(4, '\0');
};

/// Reads what a Packer sealed. Never reads beyond the bytes: what is missing reads as 0, and good()
/// is false from then on.
class Unpacker {
  public:
    explicit Unpacker(std::string_view sealed);

    std::uint64_t number();

    /// A number that must be at most `most`.
    std::uint64_t number_up_to(std::uint64_t most);
    std::string_view text();
    void column(std::size_t count, std::vector<std::uint64_t>& values);
    void scaled_column(std::size_t count, std::vector<std::uint64_t>& values);

    [[nodiscard]] bool good() const { return good_; }

  private:
    bool bits(unsigned width, std::uint64_t base, std::vector<std::uint64_t>& values);

    std::string_view rest_;
    bool good_ = true;
};

constexpr std::uint64_t zigzag(std::uint64_t difference) {
    return (difference << 1U) ^ (0 - (difference >> 63U));
}

constexpr std::uint64_t unzigzag(std::uint64_t value) {
    return (value >> 1U) ^ (0 - (value & 1U));
}

/// 64 bits of `text`. The same seed always gives the same.
std::uint64_t hash_of(std::string_view text, std::uint64_t seed);

}  // namespace mailvigil::evidence::index
