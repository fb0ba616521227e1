#include "base/json.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "base/assert.h"
#include "base/escape.h"

namespace mailvigil {

struct JsonWriter::State {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer{buffer};
};

JsonWriter::JsonWriter() : state_(std::make_unique<State>()) {}

JsonWriter::~JsonWriter() = default;

JsonWriter& JsonWriter::begin_object() {
    state_->writer.StartObject();
    return *this;
}

JsonWriter& JsonWriter::end_object() {
    state_->writer.EndObject();
    return *this;
}

JsonWriter& JsonWriter::begin_array() {
    state_->writer.StartArray();
    return *this;
}

JsonWriter& JsonWriter::end_array() {
    state_->writer.EndArray();
    return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
    const std::string valid = to_valid_utf8(name);
    state_->writer.Key(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
    return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
    const std::string valid = to_valid_utf8(text);
    state_->writer.String(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
    return *this;
}

JsonWriter& JsonWriter::value(std::uint64_t number) {
    state_->writer.Uint64(number);
    return *this;
}

JsonWriter& JsonWriter::value(std::int64_t number) {
    state_->writer.Int64(number);
    return *this;
}

JsonWriter& JsonWriter::value(double number) {
    state_->writer.Double(number);
    return *this;
}

JsonWriter& JsonWriter::boolean(bool truth) {
    state_->writer.Bool(truth);
    return *this;
}

std::string JsonWriter::take() {
    MV_ASSERT(state_->writer.IsComplete());
    std::string document(state_->buffer.GetString(), state_->buffer.GetSize());
    state_->buffer.Clear();
    state_->writer.Reset(state_->buffer);
    return document;
}

}  // namespace mailvigil
