using TorchSharp;
using TorchSharp.Interop;
using static TorchSharp.torch;

namespace OfflineRL.Torch;

/// <content>On this library's own binding, whose factories ask the thread's tape first.</content>
public sealed partial class DrawTape
{
    [ThreadStatic]
    static DrawTape? t_current;

    readonly List<(Draw Draw, Tensor Kept)> _draws = [];
    Generator? _generator;
    string? _fault;
    int _next;
    bool _isPlaying;

    internal enum Kind
    {
        Uniform,
        Normal,
        Integers,
        Clocks,
    }

    /// <summary>The tape that runs on this thread; null: draws are the operators' own.</summary>
    internal static DrawTape? Current => t_current;

    public partial int Count => _draws.Count;

    public partial string? Fault => _fault;

    public partial T Record<T>(Generator generator, Func<T> function)
    {
        Clear();
        _generator = generator;
        return Run(function, isPlaying: false);
    }

    public partial T Play<T>(Func<T> function)
    {
        _next = 0;
        var result = Run(function, isPlaying: true);
        return _next == _draws.Count ? result : throw new InvalidOperationException($"The function drew {_next} times, and {_draws.Count} times when its draws were recorded; expected the same draws each time.");
    }

    public partial void Refill(Generator generator)
    {
        using var quiet = no_grad();
        foreach (var (draw, kept) in _draws)
            draw.Fill(kept, generator);
    }

    public partial void Dispose() => Clear();

    /// <summary>Ends a played function that asks for what no graph can hold.</summary>
    /// <param name="what">It asks for, as a sentence begins.</param>
    internal static void RefuseWhilePlaying(string what)
    {
        if (t_current is { _isPlaying: true })
            throw TorchThrow.NotInAGraph(what);
    }

    /// <summary>Says that an operator draws what no tape keeps: to the tape that records, or by an exception to the function that is played.</summary>
    internal static void RefuseDraw(string what)
    {
        if (t_current is not { } tape)
            return;
        var refusal = TorchThrow.NotTaped(what);
        if (tape._isPlaying)
            throw refusal;
        tape._fault ??= refusal.Message;
    }

    internal Tensor Clocks(long[] shape, Generator generator, Device device) => Take(new(Kind.Clocks, shape, ScalarType.Float32, device, 0, 0), generator, requiresGrad: false);

    /// <summary>The next draw: drawn and kept, or the one that was.</summary>
    internal Tensor Take(Draw draw, Generator? generator, bool requiresGrad)
    {
        if (_isPlaying)
        {
            if (_next == _draws.Count || !_draws[_next].Draw.Matches(draw))
                throw new InvalidOperationException($"Draw {_next + 1} of the function is {draw}, and {(_next == _draws.Count ? "there was none" : $"was {_draws[_next].Draw}")} when its draws were recorded; expected the same draws each time.");
            return _draws[_next++].Kept.alias();
        }

        if (!ReferenceEquals(generator, _generator) || requiresGrad)
            RefuseDraw(requiresGrad ? "A draw that is a leaf of a gradient" : $"{draw} from another generator than the function's");
        using var quiet = no_grad();
        var kept = empty(draw.Shape, draw.Type, draw.Device).DetachFromDisposeScope();
        _draws.Add((draw, kept));
        draw.Fill(kept, generator);
        return kept.alias();
    }

    T Run<T>(Func<T> function, bool isPlaying)
    {
        if (t_current is not null)
            throw new InvalidOperationException("A tape of draws runs on this thread already; expected one at a time.");
        (t_current, _isPlaying) = (this, isPlaying);
        try
        {
            return function();
        }
        finally
        {
            (t_current, _isPlaying) = (null, false);
        }
    }

    void Clear()
    {
        foreach (var (_, kept) in _draws)
            kept.Dispose();
        _draws.Clear();
        (_generator, _fault, _next) = (null, null, 0);
    }

    /// <summary>What is drawn.</summary>
    /// <param name="Kind">Of which distribution.</param>
    /// <param name="Shape">Of the result.</param>
    /// <param name="Type">Of its elements.</param>
    /// <param name="Device">Where it lies.</param>
    /// <param name="Low">The smallest integer.</param>
    /// <param name="High">One above the largest.</param>
    internal sealed record Draw(Kind Kind, long[] Shape, ScalarType Type, Device Device, long Low, long High)
    {
        public bool Matches(Draw other) => (Kind, Type, Low, High) == (other.Kind, other.Type, other.Low, other.High) && Device.ToString() == other.Device.ToString() && Shape.AsSpan().SequenceEqual(other.Shape);

        /// <summary>Draws into a tensor, digit for digit what a fresh one would hold.</summary>
        public void Fill(Tensor kept, Generator? generator)
        {
            switch (Kind)
            {
                case Kind.Uniform:
                    Ops.UniformIn.Run(kept, 0.0, 1.0, generator);
                    break;
                case Kind.Normal:
                    Ops.NormalIn.Run(kept, 0.0, 1.0, generator);
                    break;
                case Kind.Integers:
                    Ops.RandomIn.Run(kept, Low, High, generator);
                    break;
                case Kind.Clocks when Device.type == DeviceType.CPU:
                    using (var drawn = TorchExtras.FusedClocks(Shape, generator!))
                        kept.copy_(drawn).Dispose();
                    break;
                default:
                    Ops.ExponentialIn.Run(kept, 1.0, generator);
                    break;
            }
        }

        public override string ToString() => $"{Kind switch { Kind.Uniform => "rand", Kind.Normal => "randn", Kind.Integers => $"randint from {Low} to {High}", _ => "Clocks" }} of {Type} [{string.Join(", ", Shape)}] on {Device}";
    }
}
