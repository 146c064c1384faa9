using static OfflineRL.Tests.Environments.GameTable;

namespace OfflineRL.Tests.Environments;

public sealed class AsterixTests
{
    const string Id = "Asterix-MinAtar-v1?sticky=0";

    // Planes.
    const int Player = 0, Enemy = 1, Trail = 2, Gold = 3;

    [Fact]
    public void Start_OfAnEpisode_HasThePlayerAlone()
    {
        using var game = new GameTable(Id);
        Assert.Equal([(5, 5)], game.Plane(Player));
        Assert.Empty(game.Plane(Enemy).Concat(game.Plane(Trail)).Concat(game.Plane(Gold)));
    }

    [Theory]
    [InlineData(Left, 4, 5)]
    [InlineData(Right, 6, 5)]
    [InlineData(Up, 5, 4)]
    [InlineData(Down, 5, 6)]
    [InlineData(Fire, 5, 5)]
    public void Player_MovesACell(int action, int x, int y)
    {
        using var game = new GameTable(Id);
        Assert.Equal([(x, y)], game.Step(action).Plane(Player));
    }

    [Theory]
    [InlineData(Left, 0, 1)]
    [InlineData(Up, 0, 1)]
    [InlineData(Right, 9, 8)]
    [InlineData(Down, 9, 8)]
    public void Player_AtTheEdge_StaysInRowsOneToEight(int action, int x, int y)
    {
        using var game = new GameTable(Id);
        Assert.Equal([(x, y)], game.Put(("player x", x), ("player y", y)).Step(action).Plane(Player));
    }

    [Fact]
    public void Gold_ThatThePlayerMovesOnto_EarnsOneAndIsGone()
    {
        using var game = new GameTable(Id);
        game.Put(("row 5 (", 2), ("row 5 thing's x", 6), ("row 5 thing moves right", 1));
        Assert.Equal([(6, 5)], game.Plane(Gold));
        Assert.Equal([(5, 5)], game.Plane(Trail));
        game.Step(Right);
        Assert.Equal(1, game.Reward);
        Assert.False(game.Ended);
        Assert.Empty(game.Plane(Gold));
    }

    [Fact]
    public void Gold_ThatMovesOntoThePlayer_EarnsOne()
    {
        using var game = new GameTable(Id);
        game.Put(("row 5 (", 2), ("row 5 thing's x", 6), ("row 5 thing moves right", 0), ("frames to the next move", 0)).Step(None);
        Assert.Equal(1, game.Reward);
        Assert.Empty(game.Plane(Gold));
    }

    [Fact]
    public void Enemy_ThatMeetsThePlayer_EndsTheEpisode()
    {
        using var game = new GameTable(Id);
        game.Put(("row 5 (", 1), ("row 5 thing's x", 4), ("row 5 thing moves right", 1), ("frames to the next move", 0)).Step(None);
        Assert.True(game.Ended);
        Assert.Equal(0, game.Reward);
        Assert.Equal([(5, 5)], game.Plane(Enemy));
        game.Put(("row 5 (", 1), ("row 5 thing's x", 4), ("row 5 thing moves right", 1)).Step(Left);
        Assert.True(game.Ended);
    }

    [Fact]
    public void Things_MoveEachIntervalAndLeave()
    {
        using var game = new GameTable(Id);
        game.Put(("row 2 (", 1), ("row 2 thing's x", 8), ("row 2 thing moves right", 1), ("frames to the next move", 1), ("frames to the next spawn", 100));
        Assert.Equal([(8, 2)], game.Step(None).Plane(Enemy));
        Assert.Equal([(9, 2)], game.Step(None).Plane(Enemy));
        Assert.Equal([(8, 2)], game.Plane(Trail));
        // The interval of 5 counts the frame that moved.
        Assert.Equal([(9, 2)], game.Step(None, None, None, None).Plane(Enemy));
        Assert.Empty(game.Step(None).Plane(Enemy));
    }

    [Fact]
    public void Spawn_OfManyThings_TakesFreeRowsAThirdOfThemGold()
    {
        using var game = new GameTable(Id);
        var (gold, all) = (0, 0);
        var rows = new HashSet<int>();
        for (ulong seed = 0; seed < 900; seed++)
        {
            game.Reset(seed).Put(("frames to the next spawn", 0)).Step(None);
            var things = game.Plane(Gold).Concat(game.Plane(Enemy)).ToArray();
            Assert.Contains(Assert.Single(things).X, new[] { 0, 9 });
            rows.Add(things[0].Y);
            (gold, all) = (gold + game.Plane(Gold).Length, all + 1);
            Assert.Equal(9, game["frames to the next spawn"]);
        }

        Assert.Equal(Enumerable.Range(1, 8), rows.Order());
        // Five standard errors.
        Assert.InRange(gold / (double)all, (1 / 3.0) - 0.079, (1 / 3.0) + 0.079);
    }

    [Fact]
    public void Spawn_WhereAllRowsAreTaken_AddsNothing()
    {
        using var game = new GameTable(Id);
        game.Put([.. Enumerable.Range(1, 8).Select(y => ($"row {y} (", 1.0)), ("frames to the next spawn", 0)]).Step(None);
        Assert.Equal(8, game.Plane(Enemy).Length);
        Assert.All(game.Plane(Enemy), p => Assert.Equal(0, p.X));
    }

    [Theory]
    [InlineData("", 0, 9, 5)]
    [InlineData("", 1, 9, 4)]
    [InlineData("&ramping=0", 1, 10, 5)]
    public void Ramp_EachTimeItIsDue_SpawnsSoonerAndEachSecondTimeMovesSooner(string query, int ramps, int spawn, int move)
    {
        using var game = new GameTable(Id + query);
        game.Put(("frames to the next ramp", -1), ("ramps", ramps)).Step(None);
        Assert.Equal((spawn, move), (game["frames between spawns"], game["frames between moves"]));
        Assert.Equal(query.Length == 0 ? ramps + 1 : ramps, game["ramps"]);
        Assert.Equal(query.Length == 0 ? 100 : -1, game["frames to the next ramp"]);
    }
}
