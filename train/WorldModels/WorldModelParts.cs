using OfflineRL.Datasets;
using OfflineRL.Train.Networks;
using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels;

/// <summary>Which kind of model a run stored, with the settings that this kind has beside those of <see cref="WorldModelConfig"/>: enough to make it again.</summary>
public sealed record WorldModelParts
{
    /// <summary><see cref="VaeWorldModel"/>: the config and the shape say everything.</summary>
    public const string Vae = "vae";

    /// <summary><see cref="WorldModels.Rssm"/>.</summary>
    public const string RecurrentStateSpace = "rssm";

    /// <summary><see cref="MemoryWorldModel"/>: the config says what its auto-encoder is made of.</summary>
    public const string MixtureMemory = "memory";

    static readonly string[] Kinds = [Vae, RecurrentStateSpace, MixtureMemory];

    /// <summary><c>vae</c>, <c>rssm</c> or <c>memory</c>. The default value is <c>vae</c>.</summary>
    public string Kind { get; init; } = Vae;

    /// <summary>Of <c>rssm</c>: its settings, resolved.</summary>
    public RssmConfig? Rssm { get; init; }

    /// <summary>Of <c>rssm</c>: what reads an observation.</summary>
    public NetworkDescription? Encoder { get; init; }

    /// <summary>Of <c>memory</c>: its sizes.</summary>
    public MemoryConfig? Memory { get; init; }

    /// <summary>A model of these parts, with first parameters.</summary>
    /// <param name="config">Resolved.</param>
    /// <param name="shape">What it is made for.</param>
    /// <param name="random">For the first parameters.</param>
    /// <param name="device">Where it is to lie.</param>
    internal IStorableWorldModel Create(WorldModelConfig config, WorldModelShape shape, RandomStream random, Device device) => Kind switch
    {
        RecurrentStateSpace => new Rssm(Rssm!, Encoder!, shape, random, device),
        MixtureMemory => new MemoryWorldModel(config, Memory!, shape, random, device),
        _ => new VaeWorldModel(config, shape, random, device),
    };

    /// <summary>What is wrong with parts that a file says; null: nothing that can be seen before the model is made.</summary>
    /// <param name="config">That the file says.</param>
    /// <param name="shape">That the file says.</param>
    internal string? Fault(WorldModelConfig config, WorldModelShape shape)
    {
        if (!Kinds.Contains(Kind))
            return $"parts.kind is '{Kind}'";
        if (Kind != RecurrentStateSpace && (config.Hidden is null || config.Torso == Torsos.Auto || config.Likelihood == WorldModelConfig.Auto || config.Latent == 0))
            return "config is not resolved";
        if (Kind == MixtureMemory)
            return Memory is null ? $"parts of kind '{Kind}' have no memory" : Memory.Validate().FirstOrDefault();
        if (Kind == Vae)
            return null;
        if (Rssm is null || Encoder is null)
            return $"parts of kind '{Kind}' have no {(Rssm is null ? "rssm" : "encoder")}";
        return Rssm.Validate().FirstOrDefault()
            ?? (Rssm.IsResolved ? PolicyNetwork.Fault(Encoder) : "parts.rssm is not resolved")
            ?? (Encoder.Inputs == ObservationEncoder.FeaturesOf(shape.Observations) ? null : $"parts.encoder reads {Encoder.Inputs} numbers of {shape.Observations}");
    }
}
