using Dataplane.Api.Selectors;
using FsCheck;
using FsCheck.Fluent;

namespace Dataplane.Api.Tests.Selectors;

public sealed class LabelSelectorTests
{
    private static readonly Dictionary<string, string> Labels = new() { ["app"] = "web", ["tier"] = "front", ["example.com/size"] = "12", ["empty"] = "" };

    [Theory]
    [InlineData("", true)]
    [InlineData("app=web", true)]
    [InlineData("app==web,tier=front", true)]
    [InlineData("app=web,tier=back", false)]
    [InlineData("app!=web", false)]
    [InlineData("absent!=web", true)]
    [InlineData("app in (db, web)", true)]
    [InlineData("absent in (web)", false)]
    [InlineData("app notin (db,web)", false)]
    [InlineData("absent notin (db)", true)]
    [InlineData(" app , ! absent ", true)]
    [InlineData("!app", false)]
    [InlineData("example.com/size>11,example.com/size<13", true)]
    [InlineData("example.com/size>12", false)]
    [InlineData("app>1", false)]
    [InlineData("empty=", true)]
    [InlineData("empty in (,x)", true)]
    [InlineData("app=", false)]
    [InlineData("in in (in)", false)]
    public void Matches(string selector, bool expected) =>
        Assert.Equal(expected, LabelSelectorExpression.Parse(selector).Matches(Labels));

    [Theory]
    [InlineData("app=web,", "a requirement is missing after the comma at character 9")]
    [InlineData("app in web", "expected '(' at character 8")]
    [InlineData("app in (web", "expected ')' at character 12")]
    [InlineData("app is web", "expected =, ==, !=, in, notin, < or > at character 8")]
    [InlineData("app=web tier=front", "expected ',' at character 9")]
    [InlineData("-app", "\"-app\" is not a label key")]
    [InlineData("UPPER.example/app", "\"UPPER.example/app\" is not a label key")]
    [InlineData("app=a/b", "\"a/b\" is not a label value")]
    [InlineData("size>big", "\"big\" is not an integer")]
    public void Refuses(string selector, string problem)
    {
        var error = Assert.Throws<FormatException>(() => LabelSelectorExpression.Parse(selector));

        Assert.StartsWith($"label selector \"{selector}\": {problem}", error.Message);
    }

    [Fact]
    public void An_absent_selector_matches_nothing_and_an_empty_one_everything()
    {
        Assert.False(LabelSelectorExpression.Of(null).Matches(Labels));
        Assert.True(LabelSelectorExpression.Of(new LabelSelector()).Matches(Labels));
    }

    [Fact]
    public void An_objects_selector_has_a_query_form()
    {
        var selector = new LabelSelector
        {
            MatchLabels = { ["app"] = "web" },
            MatchExpressions =
            [
                new LabelSelectorRequirement { Key = "tier", Operator = "NotIn", Values = ["a", "b"] },
                new LabelSelectorRequirement { Key = "gone", Operator = "DoesNotExist" },
            ],
        };

        Assert.Equal("app=web,tier notin (a,b),!gone", LabelSelectorExpression.Of(selector).ToString());
    }

    [Fact]
    public void What_is_written_reads_back()
    {
        var word = Gen.Elements('a', 'Z', '0', '-', '_', '.').ArrayOf().Select(middle => $"x{new string(middle)[..Math.Min(middle.Length, 20)]}9");
        var requirement =
            from key in word
            from op in Gen.Elements(Enum.GetValues<LabelOperator>())
            from values in word.NonEmptyListOf()
            from number in Gen.Choose(-1000, 1000)
            select op switch
            {
                LabelOperator.Exists or LabelOperator.DoesNotExist => new LabelRequirement(key, op, []),
                LabelOperator.GreaterThan or LabelOperator.LessThan => new LabelRequirement(key, op, [number.ToString()]),
                _ => new LabelRequirement(key, op, [.. values]),
            };

        Prop.ForAll(requirement.ListOf().ToArbitrary(), requirements =>
        {
            var text = string.Join(',', requirements);
            return LabelSelectorExpression.Parse(text).ToString() == text;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Any_text_is_read_or_refused() =>
        Prop.ForAll(Gen.Elements("a", "=", "!", "(", ")", ",", " ", "in", "notin", "<", "é", "/").ListOf().Select(string.Concat).ToArbitrary(), text =>
        {
            try
            {
                return LabelSelectorExpression.Parse(text) is not null;
            }
            catch (FormatException error)
            {
                return error.Message.Contains(" at character ");
            }
        }).QuickCheckThrowOnFailure();
}
