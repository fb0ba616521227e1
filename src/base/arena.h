// Arena: bump allocation for values that die together. Not thread-safe; one owner.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace mailvigil {

class Arena {
  public:
    static constexpr std::size_t kBlockBytes = 64 * 1024;

    /// Room for `size` bytes, valid until clear().
    char* allocate(std::size_t size, std::size_t alignment = 1) {
        const std::size_t start = (used_ + alignment - 1) & ~(alignment - 1);
        if (start + size <= capacity_) {
            used_ = start + size;
            return block_ + start;
        }
        return allocate_in_next_block(size);
    }

    /// A copy of `text` that lives until clear().
    std::string_view copy(std::string_view text) {
        if (text.empty()) {
            return {};
        }
        char* to = allocate(text.size());
        std::memcpy(to, text.data(), text.size());
        return {to, text.size()};
    }

    /// `count` default-initialised values, valid until clear().
    template <class T>
    std::span<T> array(std::size_t count) {
        static_assert(std::is_trivially_destructible_v<T> &&
                      alignof(T) <= alignof(std::max_align_t));
        auto* start = reinterpret_cast<T*>(allocate(count * sizeof(T), alignof(T)));
        std::uninitialized_default_construct_n(start, count);
        return {start, count};
    }

    /// Forgets all values; keeps the ordinary blocks for reuse and frees the oversized ones.
    void clear();

    [[nodiscard]] std::size_t bytes() const { return retired_bytes_ + used_; }

  private:
    char* allocate_in_next_block(std::size_t size);

    char* block_ = nullptr;
    std::size_t used_ = 0;
    std::size_t capacity_ = 0;
    std::size_t next_ = 0;
    std::size_t retired_bytes_ = 0;
    std::vector<std::unique_ptr<char[]>> blocks_;
    std::vector<std::unique_ptr<char[]>> oversized_;
};

}  // namespace mailvigil
