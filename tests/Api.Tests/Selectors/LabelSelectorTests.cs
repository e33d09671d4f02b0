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
    [InlineData("app=web,", "found '', expected: identifier after ','")]
    [InlineData(",app", "found ',', expected: !, identifier, or 'end of string'")]
    [InlineData("app in web", "unable to parse requirement: found 'web' expected: '('")]
    [InlineData("app in (web", "unable to parse requirement: found '', expected: ',' or ')'")]
    [InlineData("app in (=)", "unable to parse requirement: found '=', expected: ',', ')' or identifier")]
    [InlineData("app in ()", "unable to parse requirement: values: Invalid value: []string{}: for 'in', 'notin' operators, values set can't be empty")]
    [InlineData("app is web", "unable to parse requirement: found 'is', expected: in, notin, =, ==, !=, gt, lt")]
    [InlineData("app=web tier=front", "found 'tier', expected: ',' or 'end of string'")]
    [InlineData("a=b=c", "found '=', expected: ',' or 'end of string'")]
    [InlineData("!", "unable to parse requirement: found '', expected: identifier")]
    [InlineData("-app", "unable to parse requirement: <nil>: Invalid value: \"-app\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')")]
    [InlineData("UPPER.example/app", "unable to parse requirement: <nil>: Invalid value: \"UPPER.example/app\": prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')")]
    [InlineData("app=a/b", "unable to parse requirement: values[0][app]: Invalid value: \"a/b\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')")]
    [InlineData("size>big", "unable to parse requirement: values[0]: Invalid value: \"big\": for 'Gt', 'Lt' operators, the value must be an integer")]
    public void Refuses(string selector, string problem) =>
        Assert.Equal(problem, Assert.Throws<FormatException>(() => LabelSelectorExpression.Parse(selector)).Message);

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
            from number in Gen.Choose(0, 1000)
            select op switch
            {
                LabelOperator.Exists or LabelOperator.DoesNotExist => new LabelRequirement(key, op, []),
                LabelOperator.GreaterThan or LabelOperator.LessThan => new LabelRequirement(key, op, [number.ToString()]),
                _ => new LabelRequirement(key, op, [.. values.Distinct()]),
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
                return error.Message.Contains("expected") || error.Message.Contains("Invalid value");
            }
        }).QuickCheckThrowOnFailure();
}
