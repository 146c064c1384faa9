using OfflineRL.Torch;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Torch.Binding;

public sealed class DrawTapeTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();
    readonly Generator _generator = new(4);
    readonly DrawTape _tape = new();

    public void Dispose()
    {
        _tape.Dispose();
        _generator.Dispose();
        _scope.Dispose();
    }

    // Of every kind; long enough that the CPU draws many at once, and a scalar.
    Tensor[] Draws() =>
    [
        randn([5, 7], generator: _generator), rand(3, ScalarType.Float64, generator: _generator), randint(2, 9, [40], dtype: ScalarType.Int64, generator: _generator),
        TorchExtras.Clocks([4, 6], _generator, CPU), rand([], generator: _generator), randn([33], ScalarType.Float64, generator: _generator),
    ];

    static byte[][] Bytes(Tensor[] tensors) => [.. tensors.Select(tensor => tensor.bytes.ToArray())];

    [Fact]
    public void RecordedAndRefilledDraws_AreThoseWithoutATape_DigitForDigit()
    {
        byte[][][] expected = [Bytes(Draws()), Bytes(Draws()), Bytes(Draws())];
        var end = _generator.get_state().bytes.ToArray();
        Assert.NotEqual(expected[0], expected[1]);
        _generator.manual_seed(4);
        Assert.Equal(expected[0], _tape.Record(_generator, () => Bytes(Draws())));
        Assert.Equal(6, _tape.Count);
        Assert.Null(_tape.Fault);
        var before = _generator.get_state().bytes.ToArray();
        Assert.Equal(expected[0], _tape.Play(() => Bytes(Draws())));
        // Playing draws nothing.
        Assert.Equal(before, _generator.get_state().bytes.ToArray());
        foreach (var draws in expected[1..])
        {
            _tape.Refill(_generator);
            Assert.Equal(draws, _tape.Play(() => Bytes(Draws())));
        }

        Assert.Equal(end, _generator.get_state().bytes.ToArray());
    }

    [Fact]
    public void ARefill_ReachesTensorsThatWereHandedOutBefore()
    {
        var kept = _tape.Record(_generator, () => randn(20, generator: _generator));
        var before = kept.data<float>().ToArray();
        _tape.Refill(_generator);
        Assert.NotEqual(before, kept.data<float>().ToArray());
    }

    [Fact]
    public void APlayedFunction_ThatDrawsSomethingElse_IsToldWhich()
    {
        _tape.Record(_generator, () => (randn(3, generator: _generator), rand(2, generator: _generator)));
        Assert.Equal("Draw 1 of the function is rand of Float32 [3] on cpu, and was randn of Float32 [3] on cpu when its draws were recorded; expected the same draws each time.", Message(() => rand(3, generator: _generator)));
        Assert.Contains("[4] on cpu, and was", Message(() => randn(4, generator: _generator)), StringComparison.Ordinal);
        Assert.Contains("Float64", Message(() => randn(3, ScalarType.Float64, generator: _generator)), StringComparison.Ordinal);
        Assert.Contains("drew 1 times, and 2 times", Message(() => randn(3, generator: _generator)), StringComparison.Ordinal);
        Assert.Contains("Draw 3 of the function is rand", Message(() => (randn(3, generator: _generator), rand(2, generator: _generator), rand(2, generator: _generator))), StringComparison.Ordinal);
        // Nothing of it stays with the thread.
        Assert.Equal(3, randn(3, generator: _generator).size(0));
        using var other = new DrawTape();
        other.Record(_generator, () => randint(0, 5, [3], generator: _generator));
        Assert.Contains("randint from 0 to 6", Assert.Throws<InvalidOperationException>(() => other.Play(() => randint(0, 6, [3], generator: _generator))).Message, StringComparison.Ordinal);

        string Message<T>(Func<T> function) => Assert.Throws<InvalidOperationException>(() => _tape.Play(function)).Message;
    }

    public static TheoryData<string, Func<Generator, Tensor>> Untaped => new()
    {
        { "aten::multinomial", generator => multinomial(ones(4), 2, generator: generator) },
        { "aten::randperm", generator => randperm(4, generator: generator) },
        { "aten::bernoulli", generator => bernoulli(ones(4), generator: generator) },
        { "aten::normal.Tensor_Tensor", generator => normal(zeros(4), ones(4), generator: generator) },
        { "aten::exponential_", generator => empty(4).exponential_(1, generator) },
        { "aten::uniform_", generator => empty(4).uniform_(0, 1, generator) },
        { "aten::dropout", _ => nn.functional.dropout(ones(4)) },
        { "another generator", _ => rand(4) },
        { "leaf of a gradient", generator => rand(4, requires_grad: true, generator: generator) },
    };

    [Theory]
    [MemberData(nameof(Untaped), DisableDiscoveryEnumeration = true)]
    public void WhatNoTapeKeeps_RunsWhereItIsRecorded_AndIsNamed(string what, Func<Generator, Tensor> draw)
    {
        Assert.Equal(4, Math.Max(4, _tape.Record(_generator, () => draw(_generator)).numel()));
        Assert.Contains(what, _tape.Fault!, StringComparison.Ordinal);
        Assert.Contains("rand, randn, randint or TorchExtras.Clocks", _tape.Fault!, StringComparison.Ordinal);
        if (what.StartsWith("aten", StringComparison.Ordinal))
            Assert.Contains(what, Assert.Throws<InvalidOperationException>(() => _tape.Play(() => draw(_generator))).Message, StringComparison.Ordinal);
        // A tape that is recorded again begins anew.
        _tape.Record(_generator, () => rand(2, generator: _generator));
        Assert.Null(_tape.Fault);
    }

    public static TheoryData<string, Func<object>> OfTheHost => new()
    {
        { "a number on the host", () => ones(2).sum().ToDouble() },
        { "a shape that depends on numbers", () => ones(2).nonzero() },
        { "a copy from one device to another", () => ones(2).cpu() },
        { "A tensor of numbers of the host", () => tensor(new[] { 1f }) },
    };

    [Theory]
    [MemberData(nameof(OfTheHost), DisableDiscoveryEnumeration = true)]
    public void APlayedFunction_ThatNeedsTheHost_IsRefused(string what, Func<object> function)
    {
        Assert.NotNull(_tape.Record(_generator, function));
        Assert.Contains(what, Assert.Throws<InvalidOperationException>(() => _tape.Play(function)).Message, StringComparison.Ordinal);
        Assert.NotNull(function());
    }

    [Fact]
    public void OneTapeAtATime_RunsOnAThread() =>
        Assert.Throws<InvalidOperationException>(() => _tape.Record(_generator, () => new DrawTape().Record(_generator, () => 0)));
}
