using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Torch;

/// <summary>
/// A function of tensors and draws that is called again and again, captured as one graph where something captures: each of its many operators is then launched once and for all, and a call is one launch. Elsewhere, and
/// where it turns out not to be possible, a call is a call.
/// </summary>
/// <remarks>
/// <see cref="WarmUps"/> calls of the same key and the same shapes run as they are. The last of them is captured too, and what the graph makes of the same inputs and draws is compared with what the call made: numbers apart
/// by more than <see cref="Tolerance"/>, or a capture that fails, and the function goes on uncaptured, with a <see cref="TakeNotice">notice</see>. Another key or other shapes give up the graph and begin anew. Nothing of it
/// is state: a graph computes what the calls would.
/// </remarks>
/// <param name="name">What is captured, in the plural, as the notice begins.</param>
/// <param name="engine">What captures; null: nothing does. Disposed of with the function.</param>
/// <param name="effects">What the function changes in place: always the same tensors, the caller's.</param>
public sealed class CapturedFunction(string name, IGraphEngine? engine, IReadOnlyList<Tensor> effects) : IDisposable
{
    /// <summary>Calls before a replay: the first ones set up libraries and caches.</summary>
    public const int WarmUps = 3;

    /// <summary>How far apart numbers of a replay and of a call may be, as a share of the largest of their tensor: sums are added up in any order.</summary>
    public const double Tolerance = 1e-3;

    readonly DrawTape _tape = new();
    IGraphEngine? _engine = engine;
    ICapturedGraph? _graph;
    Tensor[] _inputs = [];
    Call? _call;
    int _calls;
    string? _notice;

    /// <summary>Whether calls are captured, or will be.</summary>
    public bool IsOn => _engine is not null;

    /// <summary>Whether the next call of the same key is a replay.</summary>
    public bool IsCaptured => _graph is not null;

    /// <summary>Why it goes on uncaptured, once; null: nothing is to be said, or it was said.</summary>
    public string? TakeNotice() => Interlocked.Exchange(ref _notice, null);

    /// <summary>Calls the function, or replays its graph.</summary>
    /// <param name="key">Everything but the inputs that decides what the function does, or its constants: equal keys, the same operators.</param>
    /// <param name="inputs">What it reads that changes from call to call, on the engine's device. Parameters that are always the same tensors need not be among them.</param>
    /// <param name="generator">Of its draws; left where the function would leave it.</param>
    /// <param name="function">Takes the inputs; reads nothing on the host, copies nothing from there, draws from the generator alone.</param>
    /// <returns>What it returns, constants where it is captured: good until the next call.</returns>
    public IReadOnlyList<Tensor> Run(object key, IReadOnlyList<Tensor> inputs, Generator generator, Func<IReadOnlyList<Tensor>, IReadOnlyList<Tensor>> function)
    {
        if (_engine is null)
            return function(inputs);
        var call = Call.Of(key, inputs);
        if (_call is null || !_call.Equals(call))
        {
            Release();
            (_call, _calls) = (call, 0);
        }

        return _graph is not null ? Replay(inputs, generator)
            : ++_calls < WarmUps ? _engine.Aside(() => function(inputs))
            : Capture(_engine, inputs, generator, function);
    }

    public void Dispose()
    {
        Release();
        _engine?.Dispose();
        _engine = null;
    }

    IReadOnlyList<Tensor> Replay(IReadOnlyList<Tensor> inputs, Generator generator)
    {
        using (var scope = NewDisposeScope())
        using (no_grad())
        {
            for (var i = 0; i < _inputs.Length; i++)
                _inputs[i].copy_(inputs[i]);
            _tape.Refill(generator);
        }

        _graph!.Replay();
        return [.. _graph.Outputs.Select(output => output.alias())];
    }

    // A call whose results stand whatever becomes of the capture, which is not to be seen from outside.
    IReadOnlyList<Tensor> Capture(IGraphEngine engine, IReadOnlyList<Tensor> inputs, Generator generator, Func<IReadOnlyList<Tensor>, IReadOnlyList<Tensor>> function)
    {
        using var scope = NewDisposeScope();
        _inputs = [.. Copies(inputs).Select(input => input.DetachFromDisposeScope())];
        var (drawsBefore, before) = (generator.get_state(), Copies(effects));
        var results = engine.Aside(() => Recorded(generator, function));
        var (drawsAfter, after) = (generator.get_state(), Copies(effects));
        var fault = _tape.Fault;
        if (fault is null)
        {
            try
            {
                _graph = engine.Capture(() => Kept(function));
                Restore(before);
                generator.set_state(drawsBefore);
                _tape.Refill(generator);
                _graph.Replay();
                fault = !generator.get_state().bytes.SequenceEqual(drawsAfter.bytes) ? "its draws are not all on the tape."
                    : Difference("result", _graph.Outputs, results) ?? Difference("effect", effects, after);
            }
            catch (Exception e) when (e is InvalidOperationException or TorchException)
            {
                fault = e.Message;
            }

            Restore(after);
            generator.set_state(drawsAfter);
        }

        if (fault is not null)
            GiveUp(fault);
        return [.. results.Select(result => result.MoveToOuterDisposeScope())];
    }

    // Of what else it made nothing is left when the capture begins, least of all accumulators of gradients.
    Tensor[] Recorded(Generator generator, Func<IReadOnlyList<Tensor>, IReadOnlyList<Tensor>> function)
    {
        using var scope = NewDisposeScope();
        return [.. Copies(_tape.Record(generator, () => function(_inputs))).Select(result => result.MoveToOuterDisposeScope())];
    }

    // Everything else that it made goes back to the graph's memory.
    Tensor[] Kept(Func<IReadOnlyList<Tensor>, IReadOnlyList<Tensor>> function)
    {
        using var scope = NewDisposeScope();
        return [.. _tape.Play(() => function(_inputs)).Select(output => output.detach().DetachFromDisposeScope())];
    }

    void GiveUp(string fault)
    {
        _notice = $"{name} are not captured as a CUDA graph, and go on operator by operator: {fault}";
        Dispose();
    }

    void Release()
    {
        _graph?.Dispose();
        _graph = null;
        _tape.Dispose();
        foreach (var input in _inputs)
            input.Dispose();
        _inputs = [];
        _call = null;
    }

    void Restore(Tensor[] copies)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        for (var i = 0; i < copies.Length; i++)
            effects[i].copy_(copies[i]);
    }

    static Tensor[] Copies(IReadOnlyList<Tensor> tensors) => [.. tensors.Select(tensor => tensor.detach().clone())];

    // In words; null where there is none that counts.
    static string? Difference(string what, IReadOnlyList<Tensor> found, Tensor[] expected)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        for (var i = 0; i < expected.Length; i++)
        {
            if (expected[i].numel() == 0)
                continue;
            var (a, b) = (found[i].to(ScalarType.Float64), expected[i].to(ScalarType.Float64));
            var scale = b.abs().max().ToDouble();
            if (!a.allclose(b, rtol: 0, atol: double.IsFinite(scale) ? Tolerance * scale : 0, equal_nan: true))
                return FormattableString.Invariant($"{what} {i + 1} of its replay is up to {a.sub(b).abs().max().ToDouble():G3} from that of the call, whose largest number is {scale:G3}.");
        }

        return null;
    }

    // What a graph was captured for.
    sealed record Call(object Key, string Shapes)
    {
        public static Call Of(object key, IReadOnlyList<Tensor> inputs) => new(key, string.Join(';', inputs.Select(input => $"{input.dtype} {input.device} {string.Join(',', input.shape)}")));
    }
}
