import { sourceSuite } from '../../contract/source.suite.ts';
import { makeFilesFixture } from './files-fixture.ts';

sourceSuite('files', () => makeFilesFixture());
