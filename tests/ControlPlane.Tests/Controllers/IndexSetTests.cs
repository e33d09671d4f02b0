using Dataplane.ControlPlane.Controllers.Jobs;
using FsCheck;
using FsCheck.Fluent;

namespace Dataplane.ControlPlane.Tests.Controllers;

public sealed class IndexSetTests
{
    [Theory]
    [InlineData("", 10, "", 0)]
    [InlineData("0", 10, "0", 1)]
    [InlineData("0-1", 10, "0,1", 2)]
    [InlineData("1,3-5,7", 10, "1,3-5,7", 5)]
    [InlineData("7,1,3,4,5", 10, "1,3-5,7", 5)]
    [InlineData("3-8,5-20", 10, "3-9", 7)]
    [InlineData("12", 10, "", 0)]
    [InlineData("x,2-,4-3,-1,5", 10, "5", 1)]
    public void Text_is_read_and_written_as_upstream_does(string text, int limit, string expected, int count)
    {
        var set = IndexSet.Parse(text, limit);
        Assert.Equal((expected, count), (set.ToString(), set.Count));
    }

    [Fact]
    public void Any_set_of_indexes_survives_being_written_and_knows_its_members() =>
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), ArbMap.Default.ArbFor<byte[]>(), (left, right) =>
        {
            var a = IndexSet.Of(left.Select(value => (int)value));
            var b = IndexSet.Parse(IndexSet.Of(right.Select(value => (int)value)).ToString(), 256);
            var union = a.Union(b);
            var (lefts, rights) = (left.ToHashSet(), right.ToHashSet());
            return union.Count == lefts.Union(rights).Count()
                && a.CountCommon(b) == lefts.Intersect(rights).Count()
                && Enumerable.Range(0, 256).All(index => union.Contains(index) == (lefts.Contains((byte)index) || rights.Contains((byte)index)));
        }).QuickCheckThrowOnFailure();
}
