using OfflineRL.Datasets;
using OfflineRL.Train.Losses;
using TorchSharp;
using static OfflineRL.Tests.Train.Losses.Golden;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Losses;

public sealed class RecurrencesTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Backward_ByHand_StopsAtLastRows()
    {
        // Episodes of two rows and of one: 1 + 0.5 * 2, 2, 4.
        AssertClose(tensor(new[] { 2f, 2, 4 }), Recurrences.Backward(tensor(new[] { 1f, 2, 4 }), tensor(new[] { 0.5f, 0, 0 })));
        AssertClose(tensor(new[] { 1f, 2.5f, 4 }), Recurrences.Forward(tensor(new[] { 1f, 2, 4 }), tensor(new[] { 0, 0.5f, 0 })));
        AssertClose(tensor(new[] { 2f, 4, 0 }), Recurrences.Following(tensor(new[] { 1f, 2, 4 })));
    }

    [Theory]
    [InlineData(1, false, false)]
    [InlineData(2, true, false)]
    [InlineData(1000, false, false)]
    [InlineData(1000, true, true)]
    [InlineData(1024, true, false)]
    public void Doubling_EqualsThePass(int rows, bool forward, bool knowsLongest)
    {
        var random = RandomStream.Create(3, "recurrences");
        var (d, c, longest) = Draw(random, rows, forward);
        var expected = forward ? Recurrences.Forward(d, c) : Recurrences.Backward(d, c);
        AssertClose(expected, Recurrences.Doubling(d, c, knowsLongest ? longest : 0, forward), 1e-12);
        AssertClose(expected, (forward ? Recurrences.Forward(d.to(ScalarType.Float32), c.to(ScalarType.Float32)) : Recurrences.Backward(d.to(ScalarType.Float32), c.to(ScalarType.Float32))).to(ScalarType.Float64), 1e-5);
    }

    [Fact]
    public void Doubling_ToldTooShortAnEpisode_Differs()
    {
        var (d, c, longest) = Draw(RandomStream.Create(4, "recurrences"), 400, forward: false);
        Assert.True(longest > 8);
        Assert.True(Distance(Recurrences.Backward(d, c), Recurrences.Doubling(d, c, longest / 4, forward: false)) > 1e-3);
    }

    [Fact]
    public void Inputs_OfOtherShapesOrTypes_AreRefused()
    {
        Assert.Throws<ArgumentException>(() => Recurrences.Backward(zeros(3), zeros(3, 1)));
        Assert.Throws<ArgumentException>(() => Recurrences.Backward(zeros(3), zeros(3, dtype: ScalarType.Float64)));
        Assert.Throws<ArgumentException>(() => Recurrences.Forward(zeros(3, dtype: ScalarType.Int64), zeros(3, dtype: ScalarType.Int64)));
    }

    static (Tensor D, Tensor C, int Longest) Draw(RandomStream random, int rows, bool forward)
    {
        var (d, c) = (new double[rows], new double[rows]);
        var (length, longest) = (0, 0);
        for (var t = 0; t < rows; t++)
        {
            (d[t], c[t]) = (random.Uniform(-1, 1), random.NextDouble() < 0.05 ? 0 : random.Uniform(0.5, 1));
            longest = Math.Max(longest, length = c[t] == 0 ? 1 : length + 1);
        }

        // Read backwards a 0 ends an episode, read forwards it begins one: either way no episode is longer than that by more than 1.
        if (!forward)
            c[^1] = 0;
        return (tensor(d), tensor(c), longest + 1);
    }
}
