using OfflineRL.Datasets;
using static TorchSharp.torch;

namespace OfflineRL.Train;

/// <summary>
/// What happens to observations before the network reads them, beside what their space says (bytes are divided by their upper
/// bound, discrete ones become one-hot). Where they are normalised, the feature of number d is <c>(x[d] - encoder.shift[d]) *
/// encoder.scale[d]</c>, with both, [D] float32, in <c>policy.safetensors</c>.
/// </summary>
public sealed record EncoderDescription
{
    /// <summary>What the weights' file calls shift and scale.</summary>
    public const string ShiftName = "encoder.shift", ScaleName = "encoder.scale";

    /// <summary>Frames that the network reads, the oldest first; before the first of an episode stands that one again.</summary>
    public int Frames { get; init; } = 1;

    /// <summary>Whether shift and scale are there.</summary>
    public bool Normalized { get; init; }

    /// <summary>Null where the space says all.</summary>
    internal static EncoderDescription? Of(ObservationEncoder encoder) =>
        encoder is { Frames: 1, Encoding: not ObservationEncoding.Affine } ? null : new() { Frames = encoder.Frames, Normalized = encoder.Encoding == ObservationEncoding.Affine };

    internal static IEnumerable<NamedTensor> Tensors(ObservationEncoder encoder) => encoder.Encoding != ObservationEncoding.Affine
        ? []
        : [new(ShiftName, tensor(encoder.Shift.ToArray())), new(ScaleName, tensor(encoder.Scale.ToArray()))];
}
