using OfflineRL.Torch;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Torch.Binding;

public sealed class CapturedFunctionTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();
    readonly Generator _generator = new(4);
    readonly RerunEngine _engine = new();
    readonly Tensor _sum = zeros(2);

    public void Dispose()
    {
        _generator.Dispose();
        _scope.Dispose();
    }

    // A result of an input and a draw, and a sum that is kept in place.
    IReadOnlyList<Tensor> Function(IReadOnlyList<Tensor> inputs)
    {
        var result = inputs[0].add(randn(2, generator: _generator));
        _sum.add_(result);
        return [result, result.mul(2)];
    }

    CapturedFunction Captured(IGraphEngine engine) => new("Sums", engine, [_sum]);

    static float[] Numbers(Tensor tensor) => tensor.data<float>().ToArray();

    // What calls give, and the sum after each.
    List<float[]> Calls(CapturedFunction? captured, int count)
    {
        _generator.manual_seed(4);
        _sum.zero_();
        var found = new List<float[]>();
        for (var i = 0; i < count; i++)
        {
            using var scope = NewDisposeScope();
            Tensor[] inputs = [full(2, i)];
            var results = captured?.Run("key", inputs, _generator, Function) ?? Function(inputs);
            found.Add([.. Numbers(results[0]), .. Numbers(results[1]), .. Numbers(_sum)]);
        }

        return found;
    }

    [Fact]
    public void Replays_AreTheCallsThatTheyStandFor_WithTheirDrawsAndEffects()
    {
        var expected = Calls(null, 8);
        var after = _generator.get_state().bytes.ToArray();
        using var captured = Captured(_engine);
        Assert.True(captured.IsOn);
        Assert.Equal(expected, Calls(captured, 8));
        Assert.Equal(after, _generator.get_state().bytes.ToArray());
        // One of its own, which was compared, and one for each call after the warm-up.
        Assert.Equal((1, 1 + 8 - CapturedFunction.WarmUps), (_engine.Captures, _engine.Replays));
        Assert.True(captured.IsCaptured);
        Assert.Null(captured.TakeNotice());
    }

    [Fact]
    public void AnotherKey_OrShape_GivesTheGraphUp_AndItsMemory()
    {
        using (var captured = Captured(_engine))
        {
            for (var round = 0; round < 3; round++)
            {
                for (var i = 0; i < 5; i++)
                {
                    using var scope = NewDisposeScope();
                    var rows = round == 2 ? 3 : 1;
                    captured.Run(round > 0, [ones(rows, 2)], _generator, inputs => [inputs[0].sum()]);
                    Assert.Equal(i >= CapturedFunction.WarmUps - 1, captured.IsCaptured);
                    Assert.Equal(i >= CapturedFunction.WarmUps - 1 ? 1 : 0, _engine.Live);
                }

                Assert.Equal(round + 1, _engine.Captures);
            }
        }

        Assert.Equal(0, _engine.Live);
        Assert.True(_engine.IsDisposed);
    }

    [Fact]
    public void Calls_KeepNoTensors()
    {
        using var captured = Captured(_engine);
        long live = 0;
        for (var i = 0; i < 12; i++)
        {
            using (NewDisposeScope())
                captured.Run("key", [ones(2)], _generator, Function);
            if (i == CapturedFunction.WarmUps)
                live = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        }

        Assert.Equal(live, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void AReplayThatDiffers_IsSaidOnce_AndCallsGoOn()
    {
        var expected = Calls(null, 6);
        using var engine = new RerunEngine { Error = 0.1 };
        using var captured = Captured(engine);
        Assert.Equal(expected, Calls(captured, 6));
        Assert.Equal((1, 1, 0), (engine.Captures, engine.Replays, engine.Live));
        Assert.False(captured.IsOn);
        Assert.StartsWith("Sums are not captured as a CUDA graph, and go on operator by operator: result 1 of its replay is up to 0.1 from that of the call", captured.TakeNotice(), StringComparison.Ordinal);
        Assert.Null(captured.TakeNotice());
    }

    [Fact]
    public void AnEffectThatIsNotTold_OrADrawThatIsNotTaped_IsFound()
    {
        // The sum grows by what the capture and the replay add to it, since nobody took it back.
        using var forgotten = new CapturedFunction("Sums", _engine, []);
        var expected = new List<float[]>();
        for (var i = 0; i < 6; i++)
            forgotten.Run("key", [ones(2)], _generator, inputs => [_sum.add_(inputs[0]).clone()]);
        Assert.Contains("result 1 of its replay", forgotten.TakeNotice(), StringComparison.Ordinal);

        using var engine = new RerunEngine();
        using var untaped = Captured(engine);
        for (var i = 0; i < 6; i++)
            untaped.Run("key", [ones(2)], _generator, inputs => [inputs[0].add(multinomial(ones(4), 2, generator: _generator))]);
        Assert.Contains("aten::multinomial cannot be part", untaped.TakeNotice(), StringComparison.Ordinal);
        Assert.Equal(0, engine.Captures);
    }

    [Fact]
    public void AFunctionThatReadsTheHost_GoesOnUncaptured_WithTheReason()
    {
        using var captured = Captured(_engine);
        for (var i = 0; i < 6; i++)
            Assert.Equal(2 * i, captured.Run("key", [full(2, i)], _generator, inputs => [tensor(inputs[0].sum().ToSingle())])[0].ToSingle());
        Assert.Contains("a number on the host", captured.TakeNotice(), StringComparison.Ordinal);
        Assert.Equal((0, false), (_engine.Live, captured.IsOn));
    }

    [Fact]
    public void NotANumber_IsTheSameInBoth_AndOtherwiseADifference()
    {
        using var same = Captured(_engine);
        using var engine = new RerunEngine { Error = double.NaN };
        using var other = Captured(engine);
        for (var i = 0; i < 5; i++)
        {
            same.Run("key", [full(2, double.NaN)], _generator, Function);
            other.Run("key", [ones(2)], _generator, Function);
        }

        Assert.True(same.IsCaptured);
        Assert.False(other.IsOn);
    }

    [Fact]
    public void WithoutAnEngine_ACallIsACall()
    {
        using var plain = new CapturedFunction("Sums", CudaGraphs.EngineFor(CPU), [_sum]);
        Assert.False(plain.IsOn);
        using var x = ones(2, requires_grad: true);
        Assert.True(plain.Run("key", [x], _generator, inputs => [inputs[0].sum()])[0].requires_grad);
    }

    [Fact]
    public void OnAGpu_ReplaysAreTheCalls_WithGradients()
    {
        Assert.SkipUnless(cuda.is_available() && CudaGraphs.IsSupported, "this machine has no GPU, or the shim was built without CUDA graphs");
        var device = CUDA;
        using var weight = randn([8, 8], device: device, generator: new Generator(1, device)).requires_grad_();
        weight.grad = zeros_like(weight);
        using var captured = new CapturedFunction("Products", CudaGraphs.EngineFor(device), [weight.grad!]);
        using var generator = new Generator(2, device);
        var found = Gradients(captured);
        Assert.Null(captured.TakeNotice());
        Assert.True(captured.IsCaptured);
        Assert.True(Gradients(null).allclose(found, 1e-4, 1e-5));

        // Of each call: its gradient, and its draws' mean.
        Tensor Gradients(CapturedFunction? function)
        {
            generator.manual_seed(3);
            var each = new List<Tensor>();
            for (var i = 0; i < 8; i++)
            {
                using (no_grad())
                    weight.grad!.zero_();
                Tensor[] inputs = [full([16, 8], 0.1 * i, device: device)];
                var mean = function?.Run("key", inputs, generator, Product) ?? Product(inputs);
                each.Add(cat([weight.grad!.flatten(), mean[0].detach().flatten()]));
            }

            return stack(each);
        }

        IReadOnlyList<Tensor> Product(IReadOnlyList<Tensor> inputs)
        {
            var noise = randn([16, 8], device: device, generator: generator);
            inputs[0].add(noise).mm(weight).tanh().square().sum().backward();
            return [noise.mean()];
        }
    }
}
