// JSON out: one writer over RapidJSON. Text is made valid UTF-8 here, so that no caller can write a
// broken document.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace mailvigil {

/// Writes one document into a string. Calls must nest properly; MV_ASSERT holds that.
class JsonWriter {
  public:
    JsonWriter();
    ~JsonWriter();
    JsonWriter(const JsonWriter&) = delete;
    JsonWriter& operator=(const JsonWriter&) = delete;

    JsonWriter& begin_object();
    JsonWriter& end_object();
    JsonWriter& begin_array();
    JsonWriter& end_array();
    JsonWriter& key(std::string_view name);
    JsonWriter& value(std::string_view text);
    JsonWriter& value(std::uint64_t number);
    JsonWriter& value(std::int64_t number);
    JsonWriter& value(double number);
    JsonWriter& boolean(bool truth);

    /// The finished document, without a newline. The writer is empty afterwards.
    std::string take();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace mailvigil
