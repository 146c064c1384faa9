using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

/// <summary>What happens to the numbers of an observation before a network reads them.</summary>
public enum ObservationEncoding
{
    /// <summary>Nothing: floats as they are stored.</summary>
    Identity,

    /// <summary>Floats, each <c>(x - shift) * scale</c> with numbers of its own.</summary>
    Affine,

    /// <summary>Bytes, times one number.</summary>
    Bytes,

    /// <summary>A discrete observation: 1 at its place, 0 elsewhere.</summary>
    OneHot,
}

/// <summary>
/// How observations become the features that a network reads: the one place for it, in training and in use, so that both
/// see the same digits. It knows no libtorch.
/// </summary>
/// <remarks>Of several frames the oldest comes first; the features are [frames, the frame's shape], or the frame's shape alone where there is one.</remarks>
public sealed unsafe class ObservationEncoder
{
    readonly float[] _shift, _scale;
    readonly float* _shifts, _scales;

    ObservationEncoder(Space space, int frames, ObservationEncoding encoding, float[] shift, float[] scale)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 1);
        (Space, Frames, Encoding) = (space, frames, encoding);
        FrameWidth = space.FlatSize;
        FrameFeatures = FeaturesOf(space);
        IReadOnlyList<int> frame = space is BoxSpace box ? box.Shape : [FrameFeatures];
        Shape = frames == 1 ? frame : [frames, .. frame];
        FeatureSpace = frames == 1 ? space : Stacked(space, frames);
        (_shift, _scale) = (Pinned(shift), Pinned(scale));
        _shifts = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_shift));
        _scales = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_scale));
    }

    /// <summary>The space of one frame, as stored.</summary>
    public Space Space { get; }

    /// <summary>Frames that make one observation of the learner's.</summary>
    public int Frames { get; }

    public ObservationEncoding Encoding { get; }

    /// <summary>Numbers of a frame as stored.</summary>
    public int FrameWidth { get; }

    /// <summary>Features that a frame becomes.</summary>
    public int FrameFeatures { get; }

    /// <summary>Features that a network reads: of all frames.</summary>
    public int Size => Frames * FrameFeatures;

    /// <summary>How the features lie.</summary>
    public IReadOnlyList<int> Shape { get; }

    /// <summary>
    /// What decides how a network reads the features: the space of one frame, or of several frames as one box, which is [frames, C, H, W] or
    /// [frames, H, W, C] where they are images and flat where they are not.
    /// </summary>
    public Space FeatureSpace { get; }

    /// <summary>[D] where <see cref="ObservationEncoding.Affine"/>, else empty.</summary>
    public ReadOnlySpan<float> Shift => _shift;

    /// <summary>[D] where <see cref="ObservationEncoding.Affine"/>, [1] where <see cref="ObservationEncoding.Bytes"/>, else empty.</summary>
    public ReadOnlySpan<float> Scale => _scale;

    /// <summary>Features that one frame of a space becomes.</summary>
    public static int FeaturesOf(Space space) => space is DiscreteSpace discrete ? discrete.Count : space.FlatSize;

    /// <summary>The encoding that a space has without normalisation: floats as they are, bytes divided by their largest upper bound, discrete one-hot.</summary>
    public static ObservationEncoder Of(Space space, int frames = 1) => space switch
    {
        DiscreteSpace => new(space, frames, ObservationEncoding.OneHot, [], []),
        BoxSpace { ElementType: ElementType.UInt8 } bytes => new(space, frames, ObservationEncoding.Bytes, [], [1 / (float)UpperBound(bytes)]),
        _ => new(space, frames, ObservationEncoding.Identity, [], []),
    };

    /// <summary>Floats that are shifted and scaled, each by numbers of its own.</summary>
    /// <param name="space">A box of floats.</param>
    /// <param name="frames">Frames that make one observation.</param>
    /// <param name="shift">[D].</param>
    /// <param name="scale">[D].</param>
    public static ObservationEncoder Affine(Space space, int frames, float[] shift, float[] scale)
    {
        if (space is not BoxSpace { ElementType: ElementType.Float32 } || shift.Length != space.FlatSize || scale.Length != space.FlatSize)
            throw new ArgumentException($"{shift.Length} shifts and {scale.Length} scales for {space}; expected one for each float.", nameof(shift));
        return new(space, frames, ObservationEncoding.Affine, shift, scale);
    }

    /// <summary>Writes the features of frames that are given as floats, as environments give them.</summary>
    /// <param name="frames">[F, D].</param>
    /// <param name="features">[F, <see cref="FrameFeatures"/>].</param>
    /// <exception cref="UserErrorException">A discrete observation that its space does not have.</exception>
    public void Encode(ReadOnlySpan<float> frames, Span<float> features)
    {
        var count = frames.Length / FrameWidth;
        if (frames.Length != count * FrameWidth || features.Length != count * FrameFeatures)
            throw new ArgumentException($"{frames.Length} numbers and {features.Length} features; expected a whole number of frames of {FrameWidth} and {FrameFeatures}.", nameof(frames));
        fixed (float* from = frames, to = features)
        {
            for (var i = 0; i < count; i++)
                Encode(from + (i * FrameWidth), to + (i * FrameFeatures));
        }
    }

    /// <summary>One frame of floats.</summary>
    internal void Encode(float* frame, float* features)
    {
        switch (Encoding)
        {
            case ObservationEncoding.Identity:
                RowCopy.Copy(frame, features, FrameWidth);
                break;
            case ObservationEncoding.Affine:
                RowCopy.Affine(frame, features, _shifts, _scales, FrameWidth);
                break;
            case ObservationEncoding.Bytes:
                RowCopy.Scale(frame, features, _scale[0], FrameWidth);
                break;
            default:
                EncodeOneHot(frame[0], features);
                break;
        }
    }

    /// <summary>One frame of bytes.</summary>
    internal void Encode(byte* frame, float* features) => RowCopy.Scale(frame, features, _scale[0], FrameWidth);

    void EncodeOneHot(float found, float* features)
    {
        var index = (int)found;
        if ((uint)index >= (uint)FrameFeatures || index != found)
            throw Throw.NotInSpace(found, (DiscreteSpace)Space);
        new Span<float>(features, FrameFeatures).Clear();
        features[index] = 1;
    }

    static BoxSpace Stacked(Space space, int frames)
    {
        var box = space as BoxSpace ?? new BoxSpace([FeaturesOf(space)], new double[FeaturesOf(space)], [.. Enumerable.Repeat(1.0, FeaturesOf(space))]);
        IReadOnlyList<int> shape = box.Shape.Count switch
        {
            2 => [frames, 1, .. box.Shape],
            3 => [frames, .. box.Shape],
            _ => [frames * box.FlatSize],
        };
        return new(shape, [.. Enumerable.Repeat(box.Low, frames).SelectMany(bound => bound)], [.. Enumerable.Repeat(box.High, frames).SelectMany(bound => bound)], box.ElementType);
    }

    // Planes of zeros and ones have the bound 1 and stay as they are.
    static double UpperBound(BoxSpace bytes) => bytes.High.Max() is var high and > 0 and <= 255 ? high : 255;

    static float[] Pinned(float[] values)
    {
        var pinned = GC.AllocateUninitializedArray<float>(values.Length, pinned: true);
        values.CopyTo(pinned, 0);
        return pinned;
    }
}
