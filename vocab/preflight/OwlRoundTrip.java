import java.io.File;
import java.io.FileOutputStream;
import org.semanticweb.owlapi.apibinding.OWLManager;
import org.semanticweb.owlapi.formats.RDFXMLDocumentFormat;
import org.semanticweb.owlapi.model.IRI;
import org.semanticweb.owlapi.model.MissingImportHandlingStrategy;
import org.semanticweb.owlapi.model.OWLOntology;
import org.semanticweb.owlapi.model.OWLOntologyCreationException;
import org.semanticweb.owlapi.model.OWLOntologyID;
import org.semanticweb.owlapi.model.OWLOntologyIRIMapper;
import org.semanticweb.owlapi.model.OWLOntologyLoaderConfiguration;
import org.semanticweb.owlapi.model.OWLOntologyManager;

/**
 * Reads each file as an ontology portal's wrapper does, and writes it again as RDF/XML: what is missing there, a portal
 * never sees. Arguments: pairs of input and output. Prints one line per pair: ontology IRI, version IRI, annotations of
 * the header, axioms, imports; tab-separated, "anonymous" where there is no IRI; or an
 * exclamation mark and the reason why the file cannot be read.
 */
public class OwlRoundTrip {
    public static void main(String[] args) throws Exception {
        for (int i = 0; i + 1 < args.length; i += 2) {
            System.out.println(roundTrip(new File(args[i]), new File(args[i + 1])));
        }
    }

    private static String roundTrip(File source, File target) throws Exception {
        OWLOntologyManager manager = OWLManager.createOWLOntologyManager();
        manager.setOntologyLoaderConfiguration(new OWLOntologyLoaderConfiguration()
            .setMissingImportHandlingStrategy(MissingImportHandlingStrategy.SILENT)
            .setFollowRedirects(false));
        // An import is looked for in a file that is not there, never on the network.
        manager.getIRIMappers().add((OWLOntologyIRIMapper) iri -> IRI.create(new File(target.getParentFile(), "none")));
        OWLOntology ontology;
        try {
            ontology = manager.loadOntologyFromOntologyDocument(source);
        } catch (OWLOntologyCreationException | RuntimeException error) {
            String[] lines = String.valueOf(error.getMessage()).strip().split("\\R");
            return "!\t" + error.getClass().getSimpleName() + ": " + lines[0].replace('\t', ' ') + "\t\t\t";
        }
        try (FileOutputStream out = new FileOutputStream(target)) {
            manager.saveOntology(ontology, new RDFXMLDocumentFormat(), out);
        }
        OWLOntologyID id = ontology.getOntologyID();
        return (id.getOntologyIRI().isPresent() ? id.getOntologyIRI().get() : "anonymous") + "\t"
            + (id.getVersionIRI().isPresent() ? id.getVersionIRI().get() : "") + "\t"
            + ontology.annotations().count() + "\t" + ontology.getAxiomCount() + "\t"
            + ontology.importsDeclarations().count();
    }
}
