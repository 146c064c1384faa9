using OfflineRL.Datasets;
using OfflineRL.Train;

namespace OfflineRL.Tests.Train.Jobs;

public sealed class SeedListTests
{
    [Theory]
    [InlineData("0..4", new ulong[] { 0, 1, 2, 3, 4 })]
    [InlineData("7", new ulong[] { 7 })]
    [InlineData("3,1,1..2", new ulong[] { 3, 1, 2 })]
    [InlineData("9007199254740991", new ulong[] { 9007199254740991 })]
    public void Parse_OfNumbersAndRanges_GivesEachSeedOnceInOrder(string text, ulong[] expected) =>
        Assert.Equal(expected, SeedList.Parse([text]));

    [Fact]
    public void Parse_OfAList_JoinsItsItems() => Assert.Equal([0UL, 5UL, 6UL], SeedList.Parse(["0", "5..6"]));

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("4..0")]
    [InlineData("a..b")]
    [InlineData("1..")]
    [InlineData("1.5")]
    [InlineData("9007199254740992")]
    [InlineData("0..18446744073709551615")]
    [InlineData("0..10000")]
    public void Parse_OfAnythingElse_NamesWhatItFound(string text)
    {
        var error = Assert.Throws<UserErrorException>(() => SeedList.Parse([text]));
        Assert.Contains("seeds", error.Message, StringComparison.Ordinal);
        Assert.Contains(text, error.Message, StringComparison.Ordinal);
    }
}
