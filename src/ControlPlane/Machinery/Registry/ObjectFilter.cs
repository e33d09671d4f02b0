using Dataplane.Api.Selectors;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Machinery.Registry;

/// <summary>A label and a field selector of one request over one resource.</summary>
internal sealed class ObjectFilter
{
    private readonly ResourceDescriptor _descriptor;
    private readonly LabelSelectorExpression? _labels;
    private readonly List<FieldTerm> _fields = [];

    /// <exception cref="StatusException">A selector that cannot be read, or a field the resource does not offer.</exception>
    public ObjectFilter(ResourceDescriptor descriptor, string? labelSelector, string? fieldSelector)
    {
        _descriptor = descriptor;
        if (!string.IsNullOrEmpty(labelSelector))
        {
            try
            {
                _labels = LabelSelectorExpression.Parse(labelSelector);
            }
            catch (FormatException failure)
            {
                throw StatusException.BadRequest($"unable to parse requirement: {failure.Message}");
            }
        }

        foreach (var term in (fieldSelector ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            _fields.Add(Term(term));
        }
    }

    public bool IsEmpty => _labels is null && _fields.Count == 0;

    /// <summary>The one name the field selector leaves, if it does: such a request need not look at other objects.</summary>
    public string? SingleName => _fields.FirstOrDefault(term => term is { Field: "metadata.name", Negated: false })?.Value;

    public bool Matches(StoredObject obj)
    {
        if (_labels is not null && !_labels.Matches(obj.Labels))
        {
            return false;
        }

        foreach (var term in _fields)
        {
            if (obj.FieldValue(_descriptor, term.Field) == term.Value == term.Negated)
            {
                return false;
            }
        }

        return true;
    }

    private FieldTerm Term(string text)
    {
        var (op, negated) = text.Contains("!=", StringComparison.Ordinal) ? ("!=", true) : text.Contains("==", StringComparison.Ordinal) ? ("==", false) : ("=", false);
        var at = text.IndexOf(op, StringComparison.Ordinal);
        if (at < 0)
        {
            throw StatusException.BadRequest($"invalid selector: '{text}'; can't understand '{text}'");
        }

        var field = text[..at].Trim();
        var known = field == "metadata.name" || (field == "metadata.namespace" && _descriptor.Names.Namespaced) || _descriptor.FieldLabels.Contains(field);
        return known
            ? new FieldTerm(field, text[(at + op.Length)..].Trim(), negated)
            : throw StatusException.BadRequest(Unsupported(field));
    }

    // Kinds with fields of their own and kinds with metadata only have different conversions upstream, and different words.
    private string Unsupported(string field) => _descriptor.FieldLabels.Count > 0 || _descriptor.IsCustom
        ? $"field label not supported: {field}"
        : $"\"{field}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"";

    private sealed record FieldTerm(string Field, string Value, bool Negated);
}
