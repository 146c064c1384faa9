using System.Text.Json.Serialization;

namespace OfflineRL.Train;

/// <summary>
/// What a policy that was learned in dreams does with observations before its network reads them: the encoder of the world model, and, where the model is recurrent, its memory.
/// Its latent state is what the network's inputs are.
/// </summary>
/// <remarks>
/// Without memory the latent state is the first <see cref="Width"/> numbers of the encoder's outputs, the mean. With memory, of each instance: h' = GRU(z, a; h) of the step before, or 0 at an episode's first step; z' the
/// mean, or the mode, of the posterior q(z|h', e), e the encoder's outputs; the latent state is h' and z', one behind the other. Nothing of it is drawn. Tensors: <c>latent.encoder.*</c> as of any network, <c>latent.input.I</c>,
/// <c>latent.gru.weight</c> [3 H, U + H] with <c>.bias</c> or <c>.scale</c> and <c>.shift</c> [3 H], and <c>latent.posterior.I</c>. With an LSTM: m' = LSTM(m; z, a) of the step before, or 0 at an episode's first step;
/// z' the first numbers of the encoder's outputs; the latent state is z' and h', the first half of m'. Tensors: <c>latent.lstm.weight</c> [4 U, Z + A + U], of z, a and h, with <c>.bias</c> [4 U], gates i, f, g, o one below the other.
/// </remarks>
public sealed record LatentDescription
{
    /// <summary>What the names of its tensors begin with.</summary>
    public const string Prefix = "latent.";

    /// <summary>Null, with an LSTM alone: z is the features.</summary>
    public NetworkDescription? Encoder { get; init; }

    /// <summary>Numbers of the latent state.</summary>
    public required int Width { get; init; }

    /// <summary>Whether the encoder reads symlog of the features.</summary>
    public bool Symlog { get; init; }

    /// <summary>The memory; null for none.</summary>
    public RecurrentDescription? Recurrent { get; init; }

    /// <summary>The memory of World Models; null for none.</summary>
    public LstmDescription? Lstm { get; init; }

    /// <summary>Whether it remembers what came before.</summary>
    [JsonIgnore]
    public bool HasMemory => Recurrent is not null || Lstm is not null;

    /// <summary>Features that it reads.</summary>
    internal int Inputs => Encoder?.Inputs ?? Lstm!.Codes;

    /// <summary>Numbers that an instance remembers beside its last action.</summary>
    internal int MemoryWidth => Lstm is null ? Width : Lstm.Codes + (2 * Lstm.Units);

    /// <summary>Numbers of an action that it remembers; 0 without memory.</summary>
    internal int Actions => Recurrent?.Actions ?? Lstm?.Actions ?? 0;

    /// <summary>What is wrong with it; null: nothing that can be seen here.</summary>
    internal string? Fault()
    {
        if (Encoder is null ? Lstm is null : PolicyNetwork.Fault(Encoder) is not null)
            return Encoder is null ? "latent.encoder is missing" : $"latent.encoder: {PolicyNetwork.Fault(Encoder)}";
        if (Lstm is not null)
            return Recurrent is not null ? "latent has two memories" : Lstm.Fault() ?? (Width != Lstm.Codes + Lstm.Units || Lstm.Codes > (Encoder?.Outputs ?? Lstm.Codes) ? $"latent.width is {Width} with codes of {Lstm.Codes} and a memory of {Lstm.Units} numbers" : null);
        if (Recurrent is not null)
            return Recurrent.Fault() ?? (Width != Recurrent.Deterministic + Recurrent.Stochastic ? $"latent.width is {Width} with a memory of {Recurrent.Deterministic} and {Recurrent.Stochastic} numbers" : null);
        return Width < 1 || Width > Encoder!.Outputs ? $"latent.width is {Width} with {Encoder!.Outputs} outputs of the encoder" : null;
    }
}

/// <summary>Sizes of a recurrent state-space model, as far as acting needs it.</summary>
public sealed record RecurrentDescription
{
    /// <summary>H: numbers of the deterministic path.</summary>
    public required int Deterministic { get; init; }

    /// <summary>G: groups of categorical variables, or numbers of a normal distribution.</summary>
    public required int Groups { get; init; }

    /// <summary>C: classes of each group; 1: the stochastic path is normally distributed.</summary>
    public required int Classes { get; init; }

    /// <summary>U: widths of hidden layers.</summary>
    public required int Units { get; init; }

    /// <summary>Numbers of an action; the count of discrete ones.</summary>
    public required int Actions { get; init; }

    /// <summary>Whether the GRU's sums are normalized.</summary>
    public required bool LayerNorm { get; init; }

    /// <summary>S: numbers of the stochastic path.</summary>
    internal int Stochastic => Groups * Classes;

    /// <summary>What a head of the stochastic path gives: logits, or means and deviations before softplus.</summary>
    internal int Heads => Classes == 1 ? 2 * Groups : Stochastic;

    internal string? Fault() => new[] { Deterministic, Groups, Classes, Units, Actions }.Any(size => size is < 1 or > 65_536)
        ? $"latent.recurrent has sizes {Deterministic}, {Groups}, {Classes}, {Units}, {Actions}"
        : null;
}

/// <summary>Sizes of the memory of World Models, as far as acting needs it.</summary>
public sealed record LstmDescription
{
    /// <summary>Z: numbers of a code.</summary>
    public required int Codes { get; init; }

    /// <summary>U.</summary>
    public required int Units { get; init; }

    /// <summary>Numbers of an action; the count of discrete ones.</summary>
    public required int Actions { get; init; }

    internal string? Fault() => new[] { Codes, Units, Actions }.Any(size => size is < 1 or > 65_536) ? $"latent.lstm has sizes {Codes}, {Units}, {Actions}" : null;
}
