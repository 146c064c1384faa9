using System.Text.Json.Serialization;

namespace OfflineRL.Train;

/// <summary>One convolution: square filters, no padding, relu after it.</summary>
public sealed record ConvolutionDescription(int Filters, int Size, int Stride);

/// <summary>What a network does with images before its dense layers.</summary>
public sealed record ImageDescription
{
    public required int Channels { get; init; }

    public required int Height { get; init; }

    public required int Width { get; init; }

    /// <summary>Whether rows are stored [H, W, C]; false: [C, H, W].</summary>
    public bool ChannelsLast { get; init; }

    /// <summary>Images that lie one behind the other in a row; <see cref="Channels"/> are those of all of them. The default value is 1.</summary>
    public int Frames { get; init; } = 1;

    public required IReadOnlyList<ConvolutionDescription> Layers { get; init; }

    /// <summary>Numbers a row after the last convolution, channel by channel.</summary>
    [JsonIgnore]
    public int Features
    {
        get
        {
            var (height, width) = (Height, Width);
            foreach (var layer in Layers)
                (height, width) = (Outputs(height, layer), Outputs(width, layer));
            return height * width * (Layers.Count == 0 ? Channels : Layers[^1].Filters);
        }
    }

    /// <summary>Whether every filter fits into what it is moved over.</summary>
    [JsonIgnore]
    public bool Fits
    {
        get
        {
            var (height, width) = (Height, Width);
            foreach (var layer in Layers)
            {
                if (layer.Filters < 1 || layer.Size < 1 || layer.Stride < 1 || layer.Size > Math.Min(height, width))
                    return false;
                (height, width) = (Outputs(height, layer), Outputs(width, layer));
            }

            return Channels > 0 && Height > 0 && Width > 0 && Frames > 0 && Channels % Frames == 0;
        }
    }

    internal static int Outputs(int side, ConvolutionDescription layer) => ((side - layer.Size) / layer.Stride) + 1;
}

/// <summary>
/// The architecture of a network, as <c>policy.json</c> holds it: convolutions or none, dense layers with relu between, and a
/// head. Files of schema version 1 know the first four properties.
/// </summary>
/// <remarks>
/// Tensors: <c>convolutions.I</c>, <c>shared.I</c>, <c>embedding.0</c>, <c>value.I</c> and <c>advantage.I</c> of a dueling head, else
/// <c>layers.I</c>; each with <c>.weight</c> [out, in] and <c>.bias</c> [out]; and <c>free</c> of the free outputs.
/// </remarks>
public sealed record NetworkDescription
{
    /// <summary>The head gives an action's value, or a logit.</summary>
    public const string None = "none";

    /// <summary>The head gives logits of <see cref="Atoms"/> returns from <see cref="Low"/> to <see cref="High"/> (C51).</summary>
    public const string Categorical = "categorical";

    /// <summary>The head gives <see cref="Atoms"/> quantiles (QR-DQN), whose mean is the value.</summary>
    public const string Quantile = "quantile";

    /// <summary>The head gives a quantile for any fraction (IQN); the value is the mean over <see cref="Fractions"/> fractions in the middles of equal slices.</summary>
    public const string Implicit = "implicit";

    /// <summary>The head gives <see cref="Atoms"/> estimates of the value (REM), whose mean is the value.</summary>
    public const string Heads = "heads";

    /// <summary><c>mlp</c>, or <c>convolutional</c> where there is an <see cref="Image"/>.</summary>
    public string Type { get; init; } = "mlp";

    /// <summary>Features it reads: the observation's numbers, or one a discrete observation.</summary>
    public required int Inputs { get; init; }

    /// <summary>Widths of the hidden dense layers.</summary>
    public required IReadOnlyList<int> Hidden { get; init; }

    /// <summary>Actions.</summary>
    public required int Outputs { get; init; }

    /// <summary>How many of the last outputs do not depend on the observation: parameters of their own. The default value is 0.</summary>
    public int FreeOutputs { get; init; }

    /// <summary>The convolutions before the dense layers; null for none.</summary>
    public ImageDescription? Image { get; init; }

    /// <summary>Whether the head is v + a - mean of a.</summary>
    public bool Dueling { get; init; }

    /// <summary><see cref="None"/>, <see cref="Categorical"/>, <see cref="Quantile"/>, <see cref="Implicit"/> or <see cref="Heads"/>.</summary>
    public string Distribution { get; init; } = None;

    /// <summary>N, numbers an action; 1 without a distribution and with an implicit one.</summary>
    public int Atoms { get; init; } = 1;

    /// <summary>The first atom's value.</summary>
    public double Low { get; init; }

    /// <summary>The last atom's value.</summary>
    public double High { get; init; }

    /// <summary>Cosines in the embedding of an implicit head.</summary>
    public int Cosines { get; init; }

    /// <summary>Fractions that an implicit head is averaged over to act.</summary>
    public int Fractions { get; init; }

    /// <summary>Whether the last two dense layers learn with noise; they act without.</summary>
    public bool Noisy { get; init; }

    /// <summary>The scale of the noise at first, times sqrt(inputs of the layer).</summary>
    public double Sigma { get; init; } = 0.5;

    /// <summary>Networks side by side; a policy has one.</summary>
    public int Members { get; init; } = 1;

    /// <summary>Numbers that the last dense layer gives.</summary>
    [JsonIgnore]
    public int LayerOutputs => (Outputs - FreeOutputs) * Atoms;

    [JsonIgnore]
    internal bool HasAtoms => Distribution is Categorical or Quantile or Heads;

    /// <summary>Widths of the layers that dueling streams or fractions share, inputs first, and of those after without the outputs.</summary>
    public (int[] Shared, int[] Streams) Split()
    {
        var inputs = Image?.Features ?? Inputs;
        if (!Dueling && Distribution != Implicit)
            return ([inputs], [inputs, .. Hidden]);
        // Without convolutions an only hidden layer is shared: streams on the bare input would share nothing.
        var shared = Image is null && Hidden.Count == 1 ? 1 : Math.Max(0, Hidden.Count - 1);
        int[] before = [inputs, .. Hidden.Take(shared)];
        return (before, [before[^1], .. Hidden.Skip(shared)]);
    }
}
