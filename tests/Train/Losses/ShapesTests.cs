using OfflineRL.Train.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Losses;

public sealed class ShapesTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Require_OfFittingShapes_AcceptsAnyLeadingAxes()
    {
        foreach (long[] leading in new long[][] { [], [4], [5, 4], [2, 5, 4] })
        {
            var shapes = new Shapes();
            shapes.Require(zeros([.. leading, 3]), "* A");
            shapes.Require(zeros(leading), "*");
            shapes.Require(zeros([.. leading, 3]), "* A");
        }
    }

    [Theory]
    [InlineData("A B", "[2, 3, 4]; expected [A, B]")]
    [InlineData("", "[2, 3, 4]; expected []")]
    [InlineData("* A B C D", "expected [..., A, B, C, D]")]
    public void Require_OfAnotherRank_SaysBothShapes(string pattern, string expected)
    {
        var error = Assert.Throws<ArgumentException>(() =>
        {
            var shapes = new Shapes();
            var values = zeros(2, 3, 4);
            shapes.Require(values, pattern);
        });
        Assert.Contains("values is [2, 3, 4]", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Require_OfALetterWithAnotherLength_SaysWhatItWasBoundTo()
    {
        var error = Assert.Throws<ArgumentException>(() =>
        {
            var shapes = new Shapes();
            shapes.Require(zeros(2, 3), "* A");
            var other = zeros(2, 4);
            shapes.Require(other, "* A");
        });
        Assert.Contains("other is [2, 4]; expected [2, A=3]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Require_OfAnotherType_SaysBothTypes()
    {
        var error = Assert.Throws<ArgumentException>(() =>
        {
            var shapes = new Shapes();
            var actions = zeros(2);
            shapes.Require(actions, "*", ScalarType.Int64);
        });
        Assert.Contains("actions is Float32; expected Int64", error.Message, StringComparison.Ordinal);
    }
}
