using Dataplane.Api.Selectors;
using FsCheck;
using FsCheck.Fluent;

namespace Dataplane.Api.Tests.Selectors;

public sealed class FieldSelectorTests
{
    [Theory]
    [InlineData("", true)]
    [InlineData("metadata.name=web", true)]
    [InlineData("metadata.name==web,status.phase!=Running", true)]
    [InlineData("metadata.name!=web", false)]
    [InlineData("spec.nodeName=", true)]
    [InlineData("spec.nodeName!=", false)]
    [InlineData("metadata.name=web\\,site", false)]
    public void Matches(string selector, bool expected) =>
        Assert.Equal(expected, FieldSelector.Parse(selector).Matches(field => field switch
        {
            "metadata.name" => "web",
            "status.phase" => "Pending",
            _ => null,
        }));

    [Theory]
    [InlineData("metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'")]
    [InlineData("a=b,c", "invalid selector: 'a=b,c'; can't understand 'c'")]
    [InlineData("=web", "invalid selector: '=web'; can't understand '=web'")]
    [InlineData("!=web", "invalid selector: '!=web'; can't understand '!=web'")]
    [InlineData("a=b=c", "invalid field selector: unescaped character in value: 61")]
    [InlineData("a=b\\c", "invalid field selector: invalid escape sequence: \\c")]
    public void Refuses(string selector, string problem) =>
        Assert.Equal(problem, Assert.Throws<FormatException>(() => FieldSelector.Parse(selector)).Message);

    [Fact]
    public void Any_value_survives_the_query_form() =>
        Prop.ForAll(Gen.Elements('a', ',', '=', '\\', '!', ' ').ArrayOf().Select(value => new string(value)).ToArbitrary(), value =>
            FieldSelector.Parse(FieldSelector.Equal("f", value).ToString()).Requirements is [{ Field: "f", Equal: true } only] && only.Value == value)
        .QuickCheckThrowOnFailure();
}
