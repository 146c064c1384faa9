using static TorchSharp.torch;

namespace OfflineRL.Torch;

/// <summary>
/// The draws of a function from its generator, kept: recorded while it runs once, handed out again in the same order while it is played, and in between drawn anew into the same tensors. A CUDA graph cannot draw from
/// a generator of ours, and would hand out for ever what it drew when it was captured; played from a tape, it computes what the function itself would from the same generator.
/// </summary>
/// <remarks>
/// What can be taped: <c>rand</c>, <c>randn</c>, <c>randint</c> and <see cref="TorchExtras.Clocks"/>, from the one generator. A function that draws anything else runs, and has a <see cref="Fault"/>. On TorchSharp, whose
/// draws nobody sees, there is no tape.
/// </remarks>
public sealed partial class DrawTape : IDisposable
{
    /// <summary>How many draws were recorded.</summary>
    public partial int Count { get; }

    /// <summary>Why what was recorded cannot be played; null: it can.</summary>
    public partial string? Fault { get; }

    /// <summary>Runs a function, and keeps what it draws.</summary>
    /// <param name="generator">From which it draws.</param>
    /// <param name="function">Its draws are the digits that they are without a tape.</param>
    public partial T Record<T>(Generator generator, Func<T> function);

    /// <summary>Runs a function that is handed what the tape holds, from its beginning, and draws nothing.</summary>
    /// <param name="function">Draws what the recorded one did, in that order.</param>
    /// <exception cref="InvalidOperationException">It does not, or it asks for something that no graph can hold: a number on the host, a copy from there, a shape that depends on numbers.</exception>
    public partial T Play<T>(Func<T> function);

    /// <summary>Draws everything anew, in the order in which it was recorded, in place.</summary>
    /// <param name="generator">Of the kind of the recorded one.</param>
    public partial void Refill(Generator generator);

    public partial void Dispose();
}
