using OfflineRL.Datasets;
using OfflineRL.Tests.Train.Losses;
using OfflineRL.Train.WorldModels;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.WorldModels;

public sealed class MixtureMemoryTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Unroll_EqualsTheLstmOfPyTorch_WithItsGradient()
    {
        var golden = new Golden("lstm.json", "lstm", "planning");
        var x = golden.Floats("x");
        using var memory = new MixtureMemory(2, 1, 4, 2, [], RandomStream.Create(1, "memory"), CPU);
        using (no_grad())
        {
            Parameter(memory, "lstm.input.weight").copy_(golden.Floats("input"));
            Parameter(memory, "lstm.recurrent.weight").copy_(golden.Floats("recurrent"));
            Parameter(memory, "lstm.bias").copy_(golden.Floats("bias"));
        }

        var (before, after) = memory.Unroll(x.narrow(-1, 0, 2), x.narrow(-1, 2, 1), golden.Bools("resets"));
        Golden.AssertClose(golden.Floats("memory"), after, 1e-6);
        // Before a step stands what was after the one before, and nothing where it begins anew: row 2 of sequence 1.
        Golden.AssertClose(after[1, 0], before[2, 0], 0);
        Golden.AssertClose(zeros(8), before[2, 1], 0);
        Golden.AssertClose(after[2], memory.Advance(before[2], x[2].narrow(-1, 0, 2), x[2].narrow(-1, 2, 1)), 1e-6);
        after.mul(golden.Floats("weights")).sum().backward();
        Golden.AssertClose(golden.Floats("recurrent_gradient"), Parameter(memory, "lstm.recurrent.weight").grad!, 1e-5);
    }

    // Two components at -1 and 3 with weights 1/4 and 3/4 and deviations 1 and 2; Gumbel noise that picks the one or the other.
    [Fact]
    public void Draw_ByHand()
    {
        var logits = tensor(new float[] { 0, MathF.Log(3) }).reshape(1, 1, 2);
        var means = tensor(new float[] { -1, 3 }).reshape(1, 1, 2);
        var logs = tensor(new float[] { 0, MathF.Log(2) }).reshape(1, 1, 2);
        var normal = full([1, 1], 0.5, ScalarType.Float32);
        Assert.Equal(2, MixtureMemory.Mean(logits, means).ToDouble(), 1e-6);
        // ln 3 = 1.0986 apart: 1 is not enough for the first component, 1.2 is.
        Assert.Equal(4, Draw(1, 1).ToDouble(), 1e-6);
        Assert.Equal(-0.5, Draw(1.2f, 1).ToDouble(), 1e-6);
        // At a quarter of the temperature logits are 4 times as far apart, and deviations half as wide.
        Assert.Equal(3.5, Draw(1.2f, 0.25).ToDouble(), 1e-6);
        Assert.Equal(-0.75, Draw(4.5f, 0.25).ToDouble(), 1e-6);

        Tensor Draw(float gumbel, double temperature) => MixtureMemory.Draw(logits, means, logs, temperature, tensor(new[] { gumbel, 0 }).reshape(1, 1, 2), normal);
    }

    [Fact]
    public void Draw_HasTheMomentsOfTheMixture()
    {
        using Generator generator = new(3, CPU);
        const int Rows = 200_000;
        var logits = tensor(new float[] { 0, MathF.Log(3) }).reshape(1, 1, 2).expand(Rows, 1, 2);
        var means = tensor(new float[] { -1, 3 }).reshape(1, 1, 2).expand(Rows, 1, 2);
        var logs = tensor(new float[] { 0, MathF.Log(2) }).reshape(1, 1, 2).expand(Rows, 1, 2);
        var gumbel = rand([Rows, 1, 2], generator: generator).clamp_min(1e-12).log().neg().log().neg();
        var draws = MixtureMemory.Draw(logits, means, logs, 1, gumbel, randn([Rows, 1], generator: generator));
        // Mean 2; variance 1/4 (1 + 9) + 3/4 (4 + 1) = 6.25.
        Assert.Equal(2, draws.mean().ToDouble(), 0.03);
        Assert.Equal(6.25, draws.var().ToDouble(), 0.08);
    }

    static Tensor Parameter(MixtureMemory memory, string name) => memory.NamedTensors().Single(entry => entry.Name == name).Tensor;
}
