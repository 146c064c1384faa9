using OfflineRL.Benchmarks.Harness;
using OfflineRL.Torch;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OfflineRL.Benchmarks;

/// <summary>One operator through the boxed door: call, result object and its disposal.</summary>
sealed class OperatorCallBenchmark : IBenchmark
{
    const int Calls = 10_000;

    public string Name => "torch-call";

    public string Work => "an add of two tensors of 8 floats, 1 thread, the result disposed of by hand or by a scope per 100";

    public void Run(BenchmarkReport report)
    {
        TorchExtras.Threads = 1;
        using var a = ones(8);
        using var b = ones(8);
        var direct = 1e6 / (Calls * Timing.Rate(() =>
        {
            for (var k = 0; k < Calls; k++) a.add(b).Dispose();
        }));
        report.Add("add, disposed by hand", direct, "us", target: "< 1.2 us", met: direct < 1.2);
        var scoped = 1e6 / (Calls * Timing.Rate(() =>
        {
            for (var k = 0; k < Calls / 100; k++)
            {
                using var scope = NewDisposeScope();
                for (var j = 0; j < 100; j++) a.add(b);
            }
        }));
        report.Add("add, disposed by scope", scoped, "us", target: "< 1.2 us", met: scoped < 1.2);
        report.Add("add_, in place", 1e6 / (Calls * Timing.Rate(() =>
        {
            for (var k = 0; k < Calls; k++) a.add_(b).Dispose();
        })), "us");
    }
}

/// <summary>A double-DQN update on fixed batches: the binding's share of the training speed, without sampling.</summary>
sealed class DqnUpdateBenchmark : IBenchmark
{
    const double Discount = 0.99;

    public string Name => "torch-dqn";

    public string Work => "double-DQN update, 4 observations, 2 actions, 2 x 256 ReLU, Huber, Adam, 1 thread, no sampling: fused kernels beside plain operators";

    public void Run(BenchmarkReport report)
    {
        TorchExtras.Threads = 1;
        foreach (var batch in new[] { 32, 256 })
        {
            var plain = Rate(batch, fused: false);
            var fused = Rate(batch, fused: true);
            report.Add($"batch {batch}, plain operators", plain, "steps/s");
            report.Add($"batch {batch}, fused", fused, "steps/s", plain, "plain operators");
        }
    }

    static double Rate(int batch, bool fused)
    {
        using var outer = NewDisposeScope();
        using var noise = new Generator(1);
        using var online = new Network(noise);
        using var target = new Network(noise);
        using var flat = new FlatParameters(online);
        using var flatTarget = new FlatParameters(target);
        using var fusedAdam = new FlatAdam(flat, 6.25e-5);
        using var plainAdam = optim.Adam(online.parameters(), 6.25e-5);
        var (observation, next) = (randn(batch, 4, generator: noise), randn(batch, 4, generator: noise));
        var action = randint(0, 2, [batch, 1], generator: noise);
        var (reward, discount) = (ones(batch), full(batch, Discount, float32));
        return Timing.Rate(() =>
        {
            using var scope = NewDisposeScope();
            Tensor goal;
            using (no_grad())
            {
                var best = online.Run(next, fused).argmax(1, keepdim: true);
                goal = reward + discount * target.Run(next, fused).gather(1, best).squeeze(1);
            }
            var chosen = online.Run(observation, fused).gather(1, action).squeeze(1);
            var loss = nn.functional.huber_loss(chosen, goal);
            if (!fused) plainAdam.zero_grad();
            loss.backward();
            if (fused) fusedAdam.Step(zeroGrad: true);
            else plainAdam.step();
        }, 1.0, 5);
    }

    sealed class Network : nn.Module
    {
        readonly Parameter[] _weights;
        readonly Parameter[] _biases;

        public Network(Generator noise) : base(nameof(Network))
        {
            long[] widths = [4, 256, 256, 2];
            _weights = new Parameter[3];
            _biases = new Parameter[3];
            for (var k = 0; k < 3; k++)
            {
                register_parameter($"weight{k}", _weights[k] = new Parameter(empty(widths[k + 1], widths[k])));
                register_parameter($"bias{k}", _biases[k] = new Parameter(empty(widths[k + 1])));
                Initializers.LinearDefault(_weights[k], _biases[k], noise);
            }
        }

        public Tensor Run(Tensor input, bool fused)
        {
            if (fused) return TorchExtras.Mlp(input, _weights, _biases, MlpActivation.ReLU);
            for (var k = 0; k < 3; k++)
            {
                input = nn.functional.linear(input, _weights[k], _biases[k]);
                if (k < 2) input = input.relu();
            }
            return input;
        }
    }
}
