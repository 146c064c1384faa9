using OfflineRL.Train.Algorithms;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Algorithms;

public class MetricSumsTests
{
    [Fact]
    public void Add_OfScalarsWithAGraph_KeepsTheNumbersAndNotTheGraph()
    {
        using var scope = NewDisposeScope();
        using var sums = new MetricSums(["loss", "norm"], CPU);
        var parameter = tensor(new[] { 2f, 3f }).requires_grad_();
        for (var step = 0; step < 3; step++)
        {
            sums.Add(parameter.square().sum(), parameter.sum());
            sums.AddAll(parameter.mul(2));
        }

        Assert.False(sums.Values.requires_grad);
        Assert.Equal([(3 * 13) + (3 * 4), (3 * 5) + (3 * 6), 6], sums.Values.data<double>().ToArray());
    }
}
