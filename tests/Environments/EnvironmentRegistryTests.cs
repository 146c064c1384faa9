using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

public sealed class EnvironmentRegistryTests
{
    public static TheoryData<string> Ids => new(EnvironmentRegistry.All.Select(d => d.Id));

    [Theory]
    [MemberData(nameof(Ids))]
    public void HeldOutRanges_OfEveryParameter_AreDisjointFromTheRecordableOne(string id)
    {
        foreach (var p in EnvironmentRegistry.Definition(id).Parameters)
        {
            Assert.True(p.Recordable.Contains(p.Default), p.Name);
            Assert.True(p.IsStructural || p.HeldOut.Count > 0, p.Name);
            Assert.All(p.HeldOut, h => Assert.False(h.Overlaps(p.Recordable), $"{p.Name}: {h} touches {p.Recordable}"));
            Assert.All(p.HeldOut.Append(p.Recordable), i => Assert.True(p.Valid.Contains(i.Low) && p.Valid.Contains(i.High) && i.Low <= i.High, $"{p.Name}: {i}"));
        }
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void HeldOutVariants_OfEveryEnvironment_AreHeldOutAndCannotBeRecorded(string id)
    {
        var definition = EnvironmentRegistry.Definition(id);
        var nominal = EnvironmentRegistry.Resolve(id);
        Assert.Equal(nominal, EnvironmentRegistry.ResolveRecordable(id));
        Assert.Distinct(definition.HeldOutVariants.Select(v => v.Name));
        Assert.True(definition.HeldOutVariants.Count >= definition.Parameters.Count(p => !p.IsStructural));
        foreach (var variant in definition.HeldOutVariants)
        {
            Assert.Equal(VariantLabel.HeldOut, EnvironmentRegistry.Label(EnvironmentRegistry.Resolve(variant.Id), nominal));
            var error = Assert.Throws<UserErrorException>(() => EnvironmentRegistry.ResolveRecordable(variant.Id));
            Assert.Contains("may not be recorded", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void ResolveRecordable_AtEveryEdge_TakesTheRangeAndNothingBeyond(string id)
    {
        foreach (var p in EnvironmentRegistry.Definition(id).Parameters.Concat(WrapperParameters.All))
        {
            foreach (var inside in new[] { p.Recordable.Low, p.Recordable.High })
                Assert.Equal(inside, Value(EnvironmentRegistry.ResolveRecordable(Id(p, inside)), p));
            // The held-out ranges, and what lies between: nobody declared it, and it is not recorded either.
            var (below, above) = p.IsWhole ? (p.Recordable.Low - 1, p.Recordable.High + 1) : (Math.BitDecrement(p.Recordable.Low), Math.BitIncrement(p.Recordable.High));
            foreach (var outside in p.HeldOut.SelectMany(h => new[] { h.Low, h.High }).Concat([below, above]).Where(p.Valid.Contains))
            {
                var error = Assert.Throws<UserErrorException>(() => EnvironmentRegistry.ResolveRecordable(Id(p, outside)));
                Assert.Contains($"may not be recorded: {p.Name} is ", error.Message, StringComparison.Ordinal);
            }
        }

        string Id(ParameterDefinition p, double value) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{id}?{p.Name}={value:R}");

        static double Value(EnvironmentIdentity identity, ParameterDefinition p) => identity.Parameters.GetValueOrDefault(p.Name, p.Default);
    }

    [Fact]
    public void Label_ByWhatWasRecorded_IsNominalHeldOutOrUnknown()
    {
        var nominal = EnvironmentRegistry.Resolve("CartPole-v1");
        Assert.Equal(VariantLabel.Nominal, EnvironmentRegistry.Label(nominal, EnvironmentRegistry.Resolve("CartPole-v1?length=0.5")));
        Assert.Equal(VariantLabel.HeldOut, EnvironmentRegistry.Label(EnvironmentRegistry.Resolve("CartPole-v1?length=0.8&cart_mass=1.1"), nominal));
        // In the recordable box, though not in this log; in no declared region; no or another recorded environment.
        Assert.Equal(VariantLabel.Unknown, EnvironmentRegistry.Label(EnvironmentRegistry.Resolve("CartPole-v1?length=0.55"), nominal));
        Assert.Equal(VariantLabel.Unknown, EnvironmentRegistry.Label(EnvironmentRegistry.Resolve("CartPole-v1?length=0.7"), nominal));
        Assert.Equal(VariantLabel.Unknown, EnvironmentRegistry.Label(nominal, null));
        Assert.Equal(VariantLabel.Unknown, EnvironmentRegistry.Label(nominal, nominal with { Id = "Pole-v1" }));
        // A log that was taken there makes it nominal, wherever it lies.
        var outside = EnvironmentRegistry.Resolve("CartPole-v1?length=0.8");
        Assert.Equal(VariantLabel.Nominal, EnvironmentRegistry.Label(outside, outside));
    }

    [Fact]
    public void Resolve_OfAnId_GivesAllParametersAndShortIdLeavesDefaultsOut()
    {
        var identity = EnvironmentRegistry.Resolve("CartPole-v1?start=0.1&gravity=9.8&length=0.4");
        Assert.Equal(6, identity.Parameters.Count);
        Assert.Equal(0.1, identity.Parameters["start"]);
        Assert.Equal("CartPole-v1?length=0.4&start=0.1", EnvironmentRegistry.ShortId(identity));
        Assert.Equal(identity, EnvironmentRegistry.Resolve(EnvironmentRegistry.ShortId(identity)));
        Assert.Equal("CartPole-v1", EnvironmentRegistry.ShortId(EnvironmentRegistry.Resolve("CartPole-v1")));
    }

    [Theory]
    [InlineData("CartPole-v2", "Did you mean 'CartPole-v1'?")]
    [InlineData("CartPole-v1?lenght=1", "Did you mean 'length'?")]
    [InlineData("CartPole-v1?length=-1", "length is '-1'; expected a number in [0.01, 10]")]
    [InlineData("CartPole-v1?length=NaN", "length is 'NaN'")]
    [InlineData("CartPole-v1?length=long", "length is 'long'")]
    [InlineData("CartPole-v1?length", "'length' is not a parameter")]
    [InlineData("CartPole-v1?length=1&length=2", "each key once")]
    public void Resolve_OfAWrongId_SaysWhatAndWhatIsKnown(string id, string message)
    {
        var error = Assert.Throws<UserErrorException>(() => EnvironmentRegistry.Resolve(id));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }
}
