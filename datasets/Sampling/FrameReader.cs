using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace OfflineRL.Datasets;

/// <summary>
/// Observations by place: encoded, and stacked as they are read, so that a frame is stored once however many observations it
/// is part of. Before the first frame of an episode stands that frame again.
/// </summary>
/// <remarks>A place is a row, or <c>-1 - episode</c> for the episode's final observation.</remarks>
sealed unsafe class FrameReader
{
    readonly ObservationEncoder _encoder;
    readonly TrainingColumns _columns;
    readonly float* _floats, _finalFloats;
    readonly byte* _bytes, _finalBytes;
    readonly int* _episodeIndex;
    readonly long* _episodeFirstRow;
    readonly int _width, _features, _frames;

    public FrameReader(TrainingColumns columns, ObservationEncoder encoder)
    {
        if (encoder.Space != columns.Info.ObservationSpace)
            throw new ArgumentException($"An encoder of {encoder.Space} for a dataset of {columns.Info.ObservationSpace}.", nameof(encoder));
        (_encoder, _columns) = (encoder, columns);
        IsBeyondMemory = columns.ObservationBytes?.ReadAtRandom(columns.MemoryBytes) ?? columns.Observations!.ReadAtRandom(columns.MemoryBytes);
        (_width, _features, _frames) = (encoder.FrameWidth, encoder.FrameFeatures, encoder.Frames);
        _bytes = columns.ObservationBytes is { } bytes ? bytes.Pointer : null;
        _finalBytes = columns.FinalObservationBytes is { } finalBytes ? finalBytes.Pointer : null;
        _floats = columns.Observations is { } floats ? floats.Pointer : null;
        _finalFloats = columns.FinalObservations is { } finalFloats ? finalFloats.Pointer : null;
        if (_frames > 1 || IsBeyondMemory)
            columns.RequireEpisodeIndex();
        _episodeIndex = columns.EpisodeIndex.Pointer;
        _episodeFirstRow = columns.EpisodeFirstRow.Pointer;
    }

    /// <summary>Whether frames come from the disk, so that it pays to <see cref="Expect"/> them.</summary>
    public bool IsBeyondMemory { get; }

    /// <summary>Has the frames of the observation at a place fetched, but for a final one.</summary>
    public void Expect(int place)
    {
        var isFinal = place < 0;
        var episode = isFinal ? -1 - place : _episodeIndex[place];
        var end = isFinal ? _episodeFirstRow[episode + 1] : place + 1L;
        var first = Math.Max(_episodeFirstRow[episode], (isFinal ? end : place) - (_frames - 1));
        if (first == end)
            return;
        _columns.ObservationBytes?.Expect(first, end - first);
        _columns.Observations?.Expect(first, end - first);
    }

    /// <summary>Writes the features of the observation at a place: [frames * features].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Read(int place, float* to)
    {
        if (_frames > 1)
            ReadStack(place, to, null);
        else
            Encode(place, to);
    }

    /// <summary>Writes the stored bytes of the observation at a place: [frames * D].</summary>
    public void Read(int place, byte* to)
    {
        if (_frames > 1)
            ReadStack(place, null, to);
        else
            RowCopy.Copy(BytesAt(place), to, _width);
    }

    /// <summary>Asks the processor for the newest frame at a place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(int place)
    {
        if (!Sse.IsSupported)
            return;
        var from = _bytes is null ? (byte*)FloatsAt(place) : BytesAt(place);
        // What is longer the processor's own prefetching sees by itself.
        var bytes = Math.Min(_bytes is null ? _width * sizeof(float) : _width, 512);
        for (var at = 0; at < bytes; at += 64)
            Sse.Prefetch0(from + at);
        Sse.Prefetch0(from + bytes - 1);
    }

    void ReadStack(int place, float* features, byte* bytes)
    {
        var isFinal = place < 0;
        var episode = isFinal ? -1 - place : _episodeIndex[place];
        var first = _episodeFirstRow[episode];
        // The final observation stands where the row after the last one would be.
        var newest = isFinal ? _episodeFirstRow[episode + 1] : place;
        for (var frame = 0; frame < _frames; frame++)
        {
            var row = (int)Math.Max(first, newest - (_frames - 1 - frame));
            var at = isFinal && frame == _frames - 1 ? place : row;
            if (bytes is null)
                Encode(at, features + ((long)frame * _features));
            else
                RowCopy.Copy(BytesAt(at), bytes + ((long)frame * _width), _width);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void Encode(int place, float* to)
    {
        if (_encoder.Encoding == ObservationEncoding.Identity)
            RowCopy.Copy(FloatsAt(place), to, _width);
        else if (_bytes is null)
            _encoder.Encode(FloatsAt(place), to);
        else
            _encoder.Encode(BytesAt(place), to);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    float* FloatsAt(int place) => place >= 0 ? _floats + ((long)place * _width) : _finalFloats + ((-1L - place) * _width);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    byte* BytesAt(int place) => place >= 0 ? _bytes + ((long)place * _width) : _finalBytes + ((-1L - place) * _width);
}
