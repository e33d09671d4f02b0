using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Configuration;

/// <summary><c>template CLASS TYPE [ZONE...] { match; answer; authority; additional; rcode; fallthrough }</c>.</summary>
internal static class TemplateReader
{
    internal static TemplatePlan Read(CorefileDirective directive, NameSuffix[] zones)
    {
        if (directive.Texts() is not [var queryClass, var type, ..])
        {
            throw directive.ArgumentError();
        }

        if (queryClass.ToUpperInvariant() is not ("IN" or "ANY"))
        {
            throw directive.Error($"invalid RR class {queryClass}");
        }

        var plan = new TemplatePlan
        {
            Type = type.Equals("ANY", StringComparison.OrdinalIgnoreCase) ? null : directive.Type("template", type),
            Zones = directive.ZonesOr("template", directive.Texts(2), zones),
        };
        foreach (var property in directive.Properties())
        {
            plan = property.Name.Text switch
            {
                "match" => plan with { Matches = [.. plan.Matches, .. property.Some("template").Select(pattern => property.Pattern("template", pattern))] },
                "answer" => plan with { Answers = [.. plan.Answers, .. Texts(property)] },
                "authority" => plan with { Authorities = [.. plan.Authorities, .. Texts(property)] },
                "additional" => plan with { Additionals = [.. plan.Additionals, .. Texts(property)] },
                "rcode" => plan with { Code = property.Code("template", property.Only("template")) },
                "fallthrough" => plan with { FallThrough = PluginReader.FallThrough(property, "template") },
                "ederror" or "upstream" => plan,
                _ => throw property.Unknown("template"),
            };
        }

        return plan;
    }

    private static IEnumerable<TemplateText> Texts(CorefileDirective property) => property.Some("template").Select(text =>
    {
        try
        {
            return new TemplateText(text);
        }
        catch (FormatException failure)
        {
            throw property.Error(failure.Message, "template");
        }
    });
}
