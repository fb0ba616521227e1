// Frames: how leaves lie in a segment: u32 length, u32 check, leaf (docs/evidence-format.md,
// "Segments").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mailvigil::evidence {

inline constexpr std::size_t kFrameHeaderBytes = 8;

void append_frame(std::string_view leaf, std::string& out);

/// Walks frames. Stops at the first that is cut off or does not check.
class FrameReader {
  public:
    explicit FrameReader(std::string_view bytes) : rest_(bytes), size_(bytes.size()) {}

    /// The next leaf; false at the end or at a bad frame.
    bool next(std::string_view& leaf);

    /// Bytes of whole, good frames so far.
    [[nodiscard]] std::uint64_t offset() const { return size_ - rest_.size(); }

    [[nodiscard]] bool at_end() const { return rest_.empty(); }

    /// Whether what is left may be the beginning of a frame whose rest is still to come.
    [[nodiscard]] bool is_cut_off() const;

  private:
    std::string_view rest_;
    std::size_t size_;
};

// Little-endian numbers of the format.
void append_u32(std::uint32_t value, std::string& out);
void append_u64(std::uint64_t value, std::string& out);
std::uint32_t u32_at(std::string_view bytes, std::size_t offset);
std::uint64_t u64_at(std::string_view bytes, std::size_t offset);

}  // namespace mailvigil::evidence
