using static OfflineRL.Tests.Environments.GameTable;

namespace OfflineRL.Tests.Environments;

public sealed class FreewayTests
{
    const string Id = "Freeway-MinAtar-v1?sticky=0";

    // Planes.
    const int Chicken = 0, Car = 1;

    [Fact]
    public void Start_OfAnEpisode_HasTheChickenBelowAndAllCarsLeft()
    {
        using var game = new GameTable(Id);
        Assert.Equal([(4, 9)], game.Plane(Chicken));
        Assert.Equal(Enumerable.Range(1, 8).Select(y => (0, y)), game.Plane(Car));
        // One trail a lane, on the plane of the car's speed, ahead or behind.
        var trails = Enumerable.Range(2, 5).SelectMany(p => game.Plane(p).Select(c => (Plane: p, Cell: c))).OrderBy(t => t.Cell.Y).ToArray();
        Assert.Equal(Enumerable.Range(1, 8), trails.Select(t => t.Cell.Y));
        foreach (var (plane, cell) in trails)
        {
            Assert.Equal(plane - 1, game[$"car {cell.Y} frames between moves"]);
            Assert.Equal(game[$"car {cell.Y} moves right"] == 1 ? 9 : 1, cell.X);
        }
    }

    [Fact]
    public void Chicken_MovesEachThirdFrame()
    {
        using var game = new GameTable(Id);
        // No car comes near meanwhile: each moves two cells at most.
        game.Put([.. Enumerable.Range(1, 8).SelectMany(y => new[] { ($"car {y} frames between moves", 5.0), ($"car {y} frames to the next move", 5.0) })]);
        Assert.Equal([(4, 9)], game.Step(Up, Up, Up).Plane(Chicken));
        Assert.Equal([(4, 8)], game.Step(Up).Plane(Chicken));
        Assert.Equal([(4, 8)], game.Step(Up, Up).Plane(Chicken));
        Assert.Equal([(4, 7)], game.Step(Up).Plane(Chicken));
        Assert.Equal([(4, 7)], game.Step(None, None, None, None, Left, Fire).Plane(Chicken));
        Assert.Equal([(4, 8)], game.Step(Down).Plane(Chicken));
    }

    [Fact]
    public void Chicken_AtTheTop_EarnsOneStartsAgainAndCarsGetNewSpeeds()
    {
        using var game = new GameTable(Id);
        var changed = 0;
        for (ulong seed = 0; seed < 10; seed++)
        {
            game.Reset(seed).Put(("chicken y", 1), ("frames to the next move", 0));
            var before = Speeds();
            game.Step(Up);
            Assert.Equal(1, game.Reward);
            Assert.False(game.Ended);
            Assert.Equal([(4, 9)], game.Plane(Chicken));
            changed += before.SequenceEqual(Speeds()) ? 0 : 1;
        }

        Assert.Equal(10, changed);

        double[] Speeds() => [.. Enumerable.Range(1, 8).SelectMany(y => new[] { game[$"car {y} frames between moves"], game[$"car {y} moves right"] })];
    }

    [Theory]
    [InlineData(3, 1, 0)]
    [InlineData(5, 0, 0)]
    [InlineData(4, 1, 3)]
    public void Chicken_ThatACarHits_StartsAgain(int x, int right, int toMove)
    {
        using var game = new GameTable(Id);
        game.Put(("chicken y", 5), ("car 5 x", x), ("car 5 moves right", right), ("car 5 frames to the next move", toMove)).Step(None);
        Assert.Equal([(4, 9)], game.Plane(Chicken));
        Assert.Equal(0, game.Reward);
        Assert.False(game.Ended);
    }

    [Theory]
    [InlineData(1, 9, 0)]
    [InlineData(0, 0, 9)]
    public void Cars_AtTheEdge_ComeBackAtTheOtherSide(int right, int from, int to)
    {
        using var game = new GameTable(Id);
        game.Put(("car 3 x", from), ("car 3 moves right", right), ("car 3 frames to the next move", 0), ("car 3 frames between moves", 2)).Step(None);
        Assert.Equal(to, game["car 3 x"]);
        Assert.Contains((from, 3), game.Plane(3));
        // A cell each three frames: two are waited.
        Assert.Equal(to, game.Step(None, None)["car 3 x"]);
        Assert.NotEqual(to, game.Step(None)["car 3 x"]);
    }

    [Fact]
    public void Episode_EndsAfterItsFrames()
    {
        using var game = new GameTable(Id);
        var frames = 0;
        do
        {
            game.Step(None);
            frames++;
        }
        while (!game.Ended);
        Assert.Equal(2501, frames);
    }

    [Fact]
    public void Speeds_OfManyCars_AreEven()
    {
        using var game = new GameTable(Id);
        var counts = new int[6];
        var right = 0;
        for (ulong seed = 0; seed < 250; seed++)
        {
            game.Reset(seed);
            for (var y = 1; y <= 8; y++)
            {
                counts[(int)game[$"car {y} frames between moves"]]++;
                right += (int)game[$"car {y} moves right"];
            }
        }

        // Of 2,000: five standard deviations about 400 and 1,000.
        Assert.All(counts[1..], c => Assert.InRange(c, 310, 490));
        Assert.InRange(right, 888, 1112);
    }
}
